package main

import (
	"context"
	"database/sql"
	"errors"
	"log"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const insert = `INSERT INTO audit.events (kind, at, person, signed_in_as, source, address, query_id, statement, tables, columns, outcome, error,
 duration_ms, rows_read, rows_written) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

// store writes what waits into the database, for as long as it takes.
type store struct {
	trail *trail
	db    *sql.DB
	away  atomic.Bool
	told  string
}

// run writes until the context ends, and then once more what is there.
func (s *store) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	tidied := time.Time{}
	for {
		select {
		case <-ctx.Done():
			s.trail.ripen(time.Now(), true)
			last, end := context.WithTimeout(context.Background(), 5*time.Second)
			defer end()
			s.flush(last)
			return
		case <-tick.C:
			s.trail.ripen(time.Now(), false)
		case <-s.trail.more:
		}
		if !s.flush(ctx) {
			// Once a second is often enough for a database that is away.
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		} else if time.Since(tidied) > 6*time.Hour && s.tidy(ctx) {
			tidied = time.Now()
		}
	}
}

// flush writes all that waits; false where the database does not take it now.
func (s *store) flush(ctx context.Context) bool {
	for size := 200; ; {
		rows, lost, why := s.trail.next(size)
		if len(rows) == 0 && lost == 0 {
			return true
		}
		err := s.write(ctx, rows, lost, why)
		s.say(err)
		var refused *pgconn.PgError
		switch {
		case err == nil:
			s.trail.done(len(rows), lost)
		// Data that it will never take (class 22, 23) must not keep the others: one by one, to find which.
		case errors.As(err, &refused) && (strings.HasPrefix(refused.Code, "22") || strings.HasPrefix(refused.Code, "23")) && len(rows) > 0:
			if len(rows) > 1 {
				size = 1
			} else {
				s.trail.refused()
			}
		default:
			return false
		}
	}
}

func (s *store) write(ctx context.Context, rows []row, lost int64, why string) error {
	ctx, end := context.WithTimeout(ctx, 10*time.Second)
	defer end()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, r := range rows {
		ended := r.kind == "ended"
		_, err = tx.ExecContext(ctx, insert, r.kind, r.at, r.person, null(r.signedInAs), null(r.source), null(r.address), r.queryID, r.statement,
			append([]string{}, r.tables...), append([]string{}, r.columns...), null(r.outcome), null(r.fault),
			number(r.durationMs, ended), number(r.rowsRead, ended), number(r.rowsWritten, ended))
		if err != nil {
			return err
		}
	}
	if lost > 0 {
		_, err = tx.ExecContext(ctx, "INSERT INTO audit.events (kind, at, lost, error) VALUES ('lost', now(), $1, $2)", lost, why)
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

// tidy asks the owner's procedure to drop what is older than the owner's setting; the writer itself may delete nothing.
func (s *store) tidy(ctx context.Context) bool {
	_, err := s.db.ExecContext(ctx, "CALL audit.drop_old()")
	s.say(err)
	return err == nil
}

// say tells a change of the database's state, once.
func (s *store) say(err error) {
	s.away.Store(err != nil)
	now := ""
	if err != nil {
		now = strings.SplitN(err.Error(), "\n", 2)[0]
	}
	switch {
	case now == s.told:
		return
	case err != nil:
		log.Printf("the database does not take rows, they wait: %s", now)
	default:
		log.Printf("the database takes rows")
	}
	s.told = now
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func number(n int64, there bool) any {
	if !there {
		return nil
	}
	return n
}
