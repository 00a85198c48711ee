// Receives what Trino's HTTP event listener posts and writes it, a row a statement, into an append-only table.
//
//	collector          serves on :8095: POST /events (Trino only), GET /health
//	collector ready    is the health check: ends well if a collector answers here
package main

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // lib/pq takes no password of one SCRAM iteration: see services/postgres
)

const (
	address = ":8095"
	largest = 4 << 20 // bytes of one post: Trino sends plan and statistics, 180 KB for a small join
	atOnce  = 2       // posts that are read at the same time; the others wait
)

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	if len(os.Args) > 1 && os.Args[1] == "ready" {
		ready()
		return
	}
	secret, password := fromFile("trino-audit-secret"), fromFile("audit-writer-password")
	db, err := sql.Open("pgx", fmt.Sprintf("host=%s port=5432 dbname=audit user=audit_writer password=%s sslmode=disable connect_timeout=5 application_name=audit",
		os.Getenv("AUDIT_DB_HOST"), password))
	if err != nil {
		log.Fatal("no such database address")
	}
	db.SetMaxOpenConns(1)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	s := &store{trail: newTrail(), db: db}
	server := &http.Server{
		Addr: address, Handler: handler(s.trail, s, secret), ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal(err)
		}
	}()
	go func() {
		<-ctx.Done()
		within, end := context.WithTimeout(context.Background(), 2*time.Second)
		defer end()
		server.Shutdown(within)
	}()
	log.Printf("collecting on %s", address)
	s.run(ctx)
	left := s.trail.state()
	log.Printf("stopped: %v written, %v lost, %v still waiting", left["written"], left["lost"], left["waiting"])
}

// handler takes posts with the secret only, and shows counts, which are nobody's secret, to everybody.
func handler(t *trail, s *store, secret string) http.Handler {
	reading := make(chan struct{}, atOnce)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /events", func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+secret)) != 1 {
			t.mutex.Lock()
			t.Unauthorized++
			t.mutex.Unlock()
			http.Error(w, "who posts here shows the secret", http.StatusUnauthorized)
			return
		}
		reading <- struct{}{}
		defer func() { <-reading }()
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largest))
		var tooLarge *http.MaxBytesError
		if err != nil && !errors.As(err, &tooLarge) {
			return // whoever posted went away, and posts again
		}
		found, ok := rowOf(body)
		switch {
		case err != nil:
			t.missed("an event was larger than the collector reads")
		case !ok:
			t.missed("an event could not be read")
		default:
			t.take(found, time.Now())
		}
		// Trino sends again what is not taken; what can never be read is counted and taken.
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		state := t.state()
		state["database"] = map[bool]string{true: "away", false: "there"}[s.away.Load()]
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(state)
	})
	return mux
}

func ready() {
	client := http.Client{Timeout: 3 * time.Second}
	answer, err := client.Get("http://127.0.0.1" + address + "/health")
	if err != nil || answer.StatusCode != http.StatusOK {
		fmt.Println("no answer:", err)
		os.Exit(1)
	}
	io.Copy(os.Stdout, io.LimitReader(answer.Body, 1000))
}

func fromFile(name string) string {
	read, err := os.ReadFile("/run/secrets/" + name)
	value := strings.TrimSpace(string(read))
	if err != nil || value == "" {
		log.Fatalf("the secret %s is missing", name)
	}
	return value
}
