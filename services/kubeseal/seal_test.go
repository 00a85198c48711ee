package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

func certificate(t *testing.T, until time.Time) (*rsa.PrivateKey, []byte) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	said := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until}
	made, err := x509.CreateCertificate(rand.Reader, &said, &said, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made})
}

func TestTheControllerOpensWhatWasSealed(t *testing.T) {
	key, cert := certificate(t, time.Now().Add(time.Hour))
	given := core.Secret{ObjectMeta: meta.ObjectMeta{Name: "a", Namespace: "x"}, StringData: map[string]string{"a": "tea for two"}}
	made, err := seal(cert, []core.Secret{given})
	if err != nil || len(made) != 1 {
		t.Fatal(made, err)
	}
	if text, _ := json.Marshal(made); strings.Contains(string(text), "tea") {
		t.Fatal("the value is there in clear")
	}
	codecs, keys := serializer.NewCodecFactory(runtime.NewScheme()), map[string]*rsa.PrivateKey{"": key}
	opened, err := made[0].Unseal(codecs, keys)
	if err != nil || string(opened.Data["a"]) != "tea for two" {
		t.Fatal(opened, err)
	}
	for _, moved := range []func(){func() { made[0].Namespace = "y" }, func() { made[0].Namespace, made[0].Name = "x", "b" }} {
		moved()
		if _, err := made[0].Unseal(codecs, keys); err == nil {
			t.Fatal("it opens elsewhere too")
		}
	}
}

func TestNoSuchCertificate(t *testing.T) {
	_, old := certificate(t, time.Now().Add(-24*time.Hour))
	for _, one := range [][]byte{nil, []byte("no PEM"), old} {
		if made, err := seal(one, nil); err == nil {
			t.Fatal(made)
		}
	}
}
