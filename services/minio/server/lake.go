// Makes the lake that $MINIO_LAKE_FILE describes: buckets, policies and people. Compiled into MinIO's package cmd, like
// guard.go, because the admin protocol derives a key with 64 MiB of memory for each user it is told about: too much for
// a server that lives in 96 MiB. It is also what makes the stack whole without any tool: here and on a cluster.
package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/madmin-go/v3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/lifecycle"
	"github.com/minio/pkg/v3/policy"
	"gopkg.in/yaml.v3"
)

type lakeFile struct {
	Buckets []struct {
		Name     string `yaml:"name"`
		KeepDays int    `yaml:"keep-days"`
	} `yaml:"buckets"`
	Policies map[string]any `yaml:"policies"`
	Users    []struct {
		Name   string `yaml:"name"`
		Policy string `yaml:"policy"`
		Secret string `yaml:"secret"`
	} `yaml:"users"`
}

func init() {
	if file := os.Getenv("MINIO_LAKE_FILE"); file != "" {
		go makeLake(file)
	}
}

// makeLake tries until all of it is there, so its order of start does not matter. The health check asks for its last step.
func makeLake(file string) {
	for try := 1; ; try++ {
		time.Sleep(200 * time.Millisecond)
		if newObjectLayerFn() == nil || !globalIAMSys.Initialized() {
			continue
		}
		keepFewBuffers()
		err := lakeFrom(context.Background(), file)
		if err == nil {
			fmt.Println("lake: buckets, policies and people are as", file, "says")
			return
		}
		if try%25 == 0 {
			fmt.Fprintln(os.Stderr, "lake: not yet:", err)
		}
	}
}

func lakeFrom(ctx context.Context, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var lake lakeFile
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&lake); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for name, document := range lake.Policies {
		if err := setPolicy(ctx, name, document); err != nil {
			return fmt.Errorf("policy %s: %w", name, err)
		}
	}
	for _, user := range lake.Users {
		if err := setUser(ctx, user.Name, user.Policy, user.Secret); err != nil {
			return fmt.Errorf("user %s: %w", user.Name, err)
		}
	}
	client, err := minio.New("127.0.0.1:"+globalMinioPort, &minio.Options{
		Creds: credentials.NewStaticV4(globalActiveCred.AccessKey, globalActiveCred.SecretKey, ""),
	})
	if err != nil {
		return err
	}
	for _, bucket := range lake.Buckets {
		if err := setBucket(ctx, client, bucket.Name, bucket.KeepDays); err != nil {
			return fmt.Errorf("bucket %s: %w", bucket.Name, err)
		}
	}
	return nil
}

func setPolicy(ctx context.Context, name string, document any) error {
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	parsed, err := policy.ParseConfig(bytes.NewReader(text))
	if err != nil {
		return err
	}
	_, err = globalIAMSys.SetPolicy(ctx, name, *parsed)
	return err
}

func setUser(ctx context.Context, name, policyName, secretName string) error {
	secret, err := os.ReadFile(filepath.Join("/run/secrets", secretName))
	if err != nil {
		return err
	}
	person := madmin.AddOrUpdateUserReq{SecretKey: strings.TrimSpace(string(secret)), Status: madmin.AccountEnabled}
	if _, err := globalIAMSys.CreateUser(ctx, name, person); err != nil {
		return err
	}
	_, err = globalIAMSys.PolicyDBSet(ctx, name, policyName, regUser, false)
	return err
}

// setBucket makes the bucket; with keepDays it is versioned, and a version that was replaced is dropped after that time.
func setBucket(ctx context.Context, client *minio.Client, name string, keepDays int) error {
	exists, err := client.BucketExists(ctx, name)
	if err == nil && !exists {
		err = client.MakeBucket(ctx, name, minio.MakeBucketOptions{})
	}
	if err != nil || keepDays == 0 {
		return err
	}
	rules := lifecycle.NewConfiguration()
	rules.Rules = []lifecycle.Rule{{
		ID:                          "old-versions",
		Status:                      "Enabled",
		Expiration:                  lifecycle.Expiration{DeleteMarker: true},
		NoncurrentVersionExpiration: lifecycle.NoncurrentVersionExpiration{NoncurrentDays: lifecycle.ExpirationDays(keepDays)},
	}}
	if err := client.SetBucketLifecycle(ctx, name, rules); err != nil {
		return err
	}
	return client.EnableVersioning(ctx, name)
}
