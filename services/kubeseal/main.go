// Seals Secrets for the controller of sealed-secrets: standard input has its certificate and the Secrets, standard output gets a
// SealedSecret for each. The encryption is the project's own code; its command kubeseal seals one Secret at a time.
package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"

	sealed "github.com/bitnami-labs/sealed-secrets/pkg/apis/sealedsecrets/v1alpha1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

func main() {
	var asked struct {
		Certificate string
		Secrets     []core.Secret
	}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		end(errors.New("standard input is no JSON of a certificate and Secrets"))
	}
	made, err := seal([]byte(asked.Certificate), asked.Secrets)
	if err != nil {
		end(err)
	}
	json.NewEncoder(os.Stdout).Encode(made)
}

func end(err error) {
	fmt.Fprintln(os.Stderr, "kubeseal:", err)
	os.Exit(2)
}

// seal returns a SealedSecret for each Secret, which opens under that name in that namespace only.
func seal(certificate []byte, secrets []core.Secret) ([]*sealed.SealedSecret, error) {
	key, err := publicKey(certificate)
	if err != nil {
		return nil, err
	}
	codecs := serializer.NewCodecFactory(runtime.NewScheme())
	made := []*sealed.SealedSecret{}
	for i := range secrets {
		one, err := sealed.NewSealedSecret(codecs, key, &secrets[i])
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", secrets[i].Namespace, secrets[i].Name, err)
		}
		one.APIVersion, one.Kind = sealed.SchemeGroupVersion.String(), "SealedSecret"
		made = append(made, one)
	}
	return made, nil
}

func publicKey(certificate []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(certificate)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("it holds no certificate in PEM")
	}
	found, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, errors.New("its certificate cannot be read")
	}
	if time.Now().After(found.NotAfter) {
		return nil, fmt.Errorf("its certificate ended on %s", found.NotAfter.Format(time.DateOnly))
	}
	key, ok := found.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("its certificate has no RSA key")
	}
	return key, nil
}
