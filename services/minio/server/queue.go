// Keeps the server within its memory. Compiled into MinIO's package cmd, like guard.go.
//
// A body on its way through takes some MiB. MinIO guesses how many fit, keeps their buffers for ever, and answers "too
// many requests" to the next one, which many clients take for final. Here they wait: one disk gets no faster with more.
package cmd

import (
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/minio/minio/internal/bpool"
)

// How long a request waits before it is told to come again, which S3 clients do. A reader may wait for itself (it holds
// one stream and asks for the next); a writer only has to be answered before it gives up.
const (
	readersTurn = 15 * time.Second
	writersTurn = 45 * time.Second
)

// Slots follow from the memory that the Go runtime may use, half of it for bodies. In MiB.
var (
	bodies    = min(max(memoryLimit()/2, 8), 1024)
	uploads   = make(chan struct{}, bodies/5)
	downloads = make(chan struct{}, bodies/3)
)

// memoryLimit is what MinIO will tell the Go runtime; GOMEMLIMIT itself is overridden by it.
func memoryLimit() int {
	limit, err := humanize.ParseBytes(os.Getenv("MINIO_MEMLIMIT"))
	if err != nil {
		limit = availableMemory()
	}
	return int(limit >> 20)
}

func init() {
	globalMiddlewares = append(globalMiddlewares, queueMiddleware)
}

// keepFewBuffers replaces the pool that is made when the disk is opened: one data shard needs no room for parity.
func keepFewBuffers() {
	globalBytePoolCap.Store(bpool.NewBytePoolCap(uint64(bodies/8), blockSizeV2, blockSizeV2))
}

func queueMiddleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slots, turn, busy := uploads, writersTurn, ErrSlowDownWrite
		switch {
		case strings.HasPrefix(r.URL.Path, minioReservedBucketPath):
			slots = nil
		case r.Method == http.MethodGet && strings.Contains(strings.Trim(r.URL.Path, "/"), "/"):
			slots, turn, busy = downloads, readersTurn, ErrSlowDownRead
		case r.Method != http.MethodPut && r.Method != http.MethodPost:
			slots = nil
		}
		if slots != nil {
			patience := time.NewTimer(turn)
			defer patience.Stop()
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-patience.C:
				writeErrorResponse(r.Context(), w, errorCodes.ToAPIErr(busy), r.URL)
				return
			case <-r.Context().Done():
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
