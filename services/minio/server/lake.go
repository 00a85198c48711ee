// Makes the lake that $MINIO_LAKE_FILE describes: buckets, policies and accounts. Compiled into MinIO's package cmd, like
// guard.go, because the admin protocol derives a key with 64 MiB of memory for each user it is told about: too much for
// a server that lives in 96 MiB. It is also what makes the stack whole without any tool: here and on a cluster.
package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/minio/pkg/v3/policy"
	"gopkg.in/yaml.v3"
)

type lakeFile struct {
	Buckets []struct {
		Name     string `yaml:"name"`
		KeepDays int    `yaml:"keep-days"`
	} `yaml:"buckets"`
	Policies map[string]any `yaml:"policies"`
	Programs []struct {
		Name   string `yaml:"name"`
		Policy string `yaml:"policy"`
		Secret string `yaml:"secret"`
	} `yaml:"programs"`
	People string `yaml:"people"`
}

// lakeMade says that buckets, policies and accounts of this start are in force; until then guard.go answers nobody.
var lakeMade atomic.Bool

func init() {
	file := os.Getenv("MINIO_LAKE_FILE")
	if file == "" {
		lakeMade.Store(true)
		return
	}
	go makeLake(file)
}

// makeLake tries until all of it is there, so its order of start does not matter; then it follows the files of accounts.
func makeLake(file string) {
	ctx := context.Background()
	for try := 1; ; try++ {
		time.Sleep(200 * time.Millisecond)
		if newObjectLayerFn() == nil || !globalIAMSys.Initialized() || !globalBucketMetadataSys.Initialized() {
			continue
		}
		// The server still reads what an earlier start left; policies that were set before that would be those again.
		<-globalIAMSys.configLoaded
		keepFewBuffers()
		lake, accounts, err := lakeFrom(ctx, file)
		if err == nil {
			fmt.Println("lake: buckets, policies and accounts are as", file, "says")
			lakeMade.Store(true)
			followAccounts(ctx, lake, accounts)
		}
		if try%25 == 0 {
			fmt.Fprintln(os.Stderr, "lake: not yet:", err)
		}
	}
}

// lakeFrom brings the server up to the file, and returns it with the accounts that are now in force.
func lakeFrom(ctx context.Context, file string) (lake lakeFile, accounts []account, err error) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = strictYAML(text, &lake)
	}
	if err != nil {
		return lake, nil, fmt.Errorf("%s: %w", file, err)
	}
	for name, document := range lake.Policies {
		if err := setPolicy(ctx, name, document); err != nil {
			return lake, nil, fmt.Errorf("policy %s: %w", name, err)
		}
	}
	for _, bucket := range lake.Buckets {
		if err := setBucket(ctx, bucket.Name, bucket.KeepDays); err != nil {
			return lake, nil, fmt.Errorf("bucket %s: %w", bucket.Name, err)
		}
	}
	if accounts, err = accountsFrom(lake); err == nil {
		err = setAccounts(ctx, accounts)
	}
	return lake, accounts, err
}

// strictYAML reads a file that has to say something, and nothing that we do not know.
func strictYAML(text []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	return decoder.Decode(into)
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

const (
	versioned = `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`
	keptFor   = `<LifecycleConfiguration><Rule><ID>old-versions</ID><Status>Enabled</Status><Filter></Filter>` +
		`<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>` +
		`<NoncurrentVersionExpiration><NoncurrentDays>%d</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>`
)

// setBucket makes the bucket; with keepDays it is versioned, and a version that was replaced is dropped after that time.
func setBucket(ctx context.Context, name string, keepDays int) error {
	err := newObjectLayerFn().MakeBucket(ctx, name, MakeBucketOptions{})
	if errors.As(err, new(BucketExists)) {
		err = nil
	}
	if err != nil || keepDays == 0 {
		return err
	}
	if _, err := globalBucketMetadataSys.Update(ctx, name, bucketLifecycleConfig, fmt.Appendf(nil, keptFor, keepDays)); err != nil {
		return err
	}
	_, err = globalBucketMetadataSys.Update(ctx, name, bucketVersioningConfig, []byte(versioned))
	return err
}
