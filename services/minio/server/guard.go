// Holes that are open in the last public commit of MinIO and will not be closed there (the project is archived).
// Compiled into MinIO's package cmd; MinIO's own sources stay as go.sum knows them.
package cmd

import (
	"net/http"
	"slices"

	xhttp "github.com/minio/minio/internal/http"
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
		if code := guard(r); code != ErrNone {
			writeErrorResponse(r.Context(), w, errorCodes.ToAPIErr(code), r.URL)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func guard(r *http.Request) APIErrorCode {
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
	return ErrNone
}
