// Holes that are open in the last public commit of MinIO and will not be closed there (the project is archived).
// Compiled into MinIO's package cmd; MinIO's own sources stay as go.sum knows them.
package cmd

import (
	"net/http"
	"slices"

	xhttp "github.com/minio/minio/internal/http"
	"github.com/minio/pkg/v3/policy"
)

func init() {
	// CVE-2026-34204: a writer could plant internal encryption metadata by replication headers, and nobody could read
	// the object again. Nothing replicates into this server, so it does not know these headers at all.
	supportedHeaders = slices.DeleteFunc(supportedHeaders, func(header string) bool {
		_, internal := replicationToInternalHeaders[header]
		return internal
	})
	globalMiddlewares = append(globalMiddlewares, guardMiddleware)
}

func guardMiddleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if code := guard(w, r); code != ErrNone {
			writeErrorResponse(r.Context(), w, errorCodes.ToAPIErr(code), r.URL)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func guard(w http.ResponseWriter, r *http.Request) APIErrorCode {
	// What an earlier start left on the disk may be more than people may have now. Clients come again at this answer.
	if !lakeMade.Load() {
		return ErrServerNotInitialized
	}
	// CVE-2026-40344, CVE-2026-41145: unsigned-trailer uploads were believed on the access key alone when the key came
	// in the query string or when the body was an archive to extract. Whoever names a key has to sign.
	if getRequestAuthType(r) == authTypeStreamingUnsignedTrailer {
		named := r.Header.Get(xhttp.Authorization) != "" || r.Form.Has(xhttp.AmzCredential)
		archive := r.Header.Get(xhttp.AmzSnowballExtract) != ""
		if named || archive {
			return doesSignatureMatch(unsignedPayloadTrailer, r, globalSite.Region(), serviceS3)
		}
	}
	// CVE-2026-39414: S3 Select reads a record of any length into memory. Trino queries the lake here.
	if r.Method == http.MethodPost && r.URL.Query().Has("select") {
		return ErrNotImplemented
	}
	if isAbsent(w, r) {
		return ErrNoSuchKey
	}
	return ErrNone
}

// isAbsent is true for a HEAD of an object that does not exist, by somebody who may list its bucket but not read there.
// Amazon says 404 then, this server 403. Hadoop looks so for every folder, and the metastore may read no file outside its own.
func isAbsent(w http.ResponseWriter, r *http.Request) bool {
	bucket, object := request2BucketObjectName(r)
	if r.Method != http.MethodHead || object == "" {
		return false
	}
	ctx := newContext(r, w, "HeadObject")
	if checkRequestAuthType(ctx, r, policy.GetObjectAction, bucket, object) != ErrAccessDenied ||
		checkRequestAuthType(ctx, r, policy.ListBucketAction, bucket, "") != ErrNone {
		return false
	}
	_, err := newObjectLayerFn().GetObjectInfo(ctx, bucket, object, ObjectOptions{})
	return isErrObjectNotFound(err)
}
