package main

import (
	"sync"
	"time"
)

const (
	room      = 4 << 20 // bytes of rows that wait for the database
	mostBegun = 1000    // statements whose end is waited for
	// A statement that ends sooner has one row; one that does not, or whose Trino dies, has been seen to begin.
	begunAfter = 5 * time.Second
)

// trail holds what waits to be written. Nothing in it blocks whoever posts.
type trail struct {
	mutex   sync.Mutex
	waiting []row
	bytes   int
	begun   map[string]pending
	more    chan struct{}

	Written, Lost, Unauthorized int64
	unwrittenLoss               int64
	why                         string
}

type pending struct {
	row  row
	seen time.Time
}

func newTrail() *trail {
	return &trail{begun: map[string]pending{}, more: make(chan struct{}, 1)}
}

// take keeps a row for the database: an end at once, a beginning only when its end does not come.
func (t *trail) take(r row, now time.Time) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if r.kind == "begun" && len(t.begun) < mostBegun {
		t.begun[r.queryID] = pending{r, now}
		return
	}
	delete(t.begun, r.queryID)
	t.enqueue(r)
}

// ripen hands over the beginnings whose end has not come; with everything, all of them.
func (t *trail) ripen(now time.Time, everything bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for id, p := range t.begun {
		if everything || now.Sub(p.seen) >= begunAfter {
			delete(t.begun, id)
			t.enqueue(p.row)
		}
	}
}

func (t *trail) enqueue(r row) {
	if t.bytes+r.size() > room {
		t.lose(1, "the database was away for longer than the collector has room")
		return
	}
	t.bytes += r.size()
	t.waiting = append(t.waiting, r)
	select {
	case t.more <- struct{}{}:
	default:
	}
}

// missed counts a post that no row can be made of.
func (t *trail) missed(why string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.lose(1, why)
}

func (t *trail) lose(n int64, why string) {
	t.Lost += n
	t.unwrittenLoss += n
	t.why = why
}

// next returns the oldest rows, and what was lost and not yet said.
func (t *trail) next(n int) (rows []row, lost int64, why string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return append(rows, t.waiting[:min(n, len(t.waiting))]...), t.unwrittenLoss, t.why
}

// done forgets the oldest n rows and a loss, which are in the database now.
func (t *trail) done(n int, lost int64) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.drop(n)
	t.Written += int64(n)
	t.unwrittenLoss -= lost
}

// refused forgets the oldest row, which the database will never take, and counts it.
func (t *trail) refused() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.drop(1)
	t.lose(1, "the database refused a row")
}

func (t *trail) drop(n int) {
	for _, r := range t.waiting[:n] {
		t.bytes -= r.size()
	}
	t.waiting = append(t.waiting[:0:0], t.waiting[n:]...)
}

// state is what the page for people and health checks says.
func (t *trail) state() map[string]any {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return map[string]any{
		"waiting": len(t.waiting), "waiting_bytes": t.bytes, "begun": len(t.begun),
		"written": t.Written, "lost": t.Lost, "unauthorized": t.Unauthorized,
	}
}
