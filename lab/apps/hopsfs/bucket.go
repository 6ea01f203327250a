package main

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Bucket holds blocks as objects.
type Bucket struct {
	client *minio.Client
	name   string
	prefix string
}

func openBucket() (*Bucket, error) {
	at, err := url.Parse(os.Getenv("S3_ENDPOINT"))
	if err != nil || at.Host == "" {
		return nil, fmt.Errorf("S3_ENDPOINT is no address: %q", os.Getenv("S3_ENDPOINT"))
	}
	client, err := minio.New(at.Host, &minio.Options{
		Creds:        credentials.NewStaticV4(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
		Secure:       at.Scheme == "https",
		Region:       env("S3_REGION", "us-east-1"),
		BucketLookup: minio.BucketLookupPath,
		MaxRetries:   3,
	})
	if err != nil {
		return nil, err
	}
	b := &Bucket{client: client, name: os.Getenv("S3_BUCKET"), prefix: env("S3_PREFIX", "hopsfs_blocks")}
	ctx, cancel := within(30 * time.Second)
	defer cancel()
	versioning, err := client.GetBucketVersioning(ctx, b.name)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", b.name, err)
	}
	if os.Getenv("S3_VERSIONING") == "true" && !versioning.Enabled() {
		return nil, fmt.Errorf("bucket %s is not versioned", b.name)
	}
	return b, nil
}

func (b *Bucket) key(block string) string { return b.prefix + "/blk_" + block + ".data" }

func (b *Bucket) put(block string, data []byte) error {
	ctx, cancel := within(30 * time.Second)
	defer cancel()
	_, err := b.client.PutObject(ctx, b.name, b.key(block), bytes.NewReader(data), int64(len(data)),
		minio.PutObjectOptions{DisableMultipart: true})
	return err
}

func (b *Bucket) get(block string) ([]byte, error) {
	ctx, cancel := within(30 * time.Second)
	defer cancel()
	o, err := b.client.GetObject(ctx, b.name, b.key(block), minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	defer o.Close()
	return io.ReadAll(o)
}

func (b *Bucket) remove(block string) error {
	ctx, cancel := within(30 * time.Second)
	defer cancel()
	return b.client.RemoveObject(ctx, b.name, b.key(block), minio.RemoveObjectOptions{})
}

// rollBack makes every wanted block current again that now lies under delete markers; it returns how many.
func (b *Bucket) rollBack(wanted map[string]bool) (int, error) {
	ctx, cancel := within(30 * time.Minute)
	defer cancel()
	keys := map[string]bool{}
	for block := range wanted {
		keys[b.key(block)] = true
	}
	back := map[string]bool{}
	covered := map[string]bool{} // keys whose newest version is a delete marker
	seen := map[string]bool{}
	for o := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix + "/", Recursive: true, WithVersions: true}) {
		if o.Err != nil {
			return 0, o.Err
		}
		if !keys[o.Key] {
			continue
		}
		if !seen[o.Key] {
			seen[o.Key] = true
			covered[o.Key] = o.IsDeleteMarker
		}
		if covered[o.Key] && o.IsDeleteMarker {
			if err := b.client.RemoveObject(ctx, b.name, o.Key, minio.RemoveObjectOptions{VersionID: o.VersionID}); err != nil {
				return len(back), err
			}
			back[o.Key] = true
		}
	}
	return len(back), nil
}
