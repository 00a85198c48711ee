package main

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

const ended = `{"createTime":"2026-11-21T22:56:06.025Z","endTime":"2026-11-21T22:56:11.541Z",
 "context":{"user":"alex","principal":"hub","source":"dm","catalog":"sales","schema":"public"},
 "metadata":{"queryId":"20261121_225606_00006_stbzu","query":"%s","tables":[%t]},"statistics":{"physicalInputRows":25,"writtenRows":3}%f}`

func post(query, tables, failure string) []byte {
	return []byte(strings.NewReplacer("%s", query, "%t", tables, "%f", failure).Replace(ended))
}

func TestAnEndIsARow(t *testing.T) {
	got, ok := rowOf(post("SELECT 1", `{"catalog":"tpch","schema":"tiny","table":"nation","columns":[{"column":"name"}]}`, ""))
	if !ok || got.kind != "ended" || got.outcome != "finished" || got.person != "alex" || got.signedInAs != "hub" ||
		got.durationMs != 5516 || got.rowsRead != 25 || got.rowsWritten != 3 ||
		!reflect.DeepEqual(got.tables, []string{"tpch.tiny.nation"}) || !reflect.DeepEqual(got.columns, []string{"tpch.tiny.nation.name"}) {
		t.Fatalf("%+v", got)
	}
}

func TestOutcomes(t *testing.T) {
	for code, want := range map[string]string{
		"PERMISSION_DENIED": "refused", "USER_CANCELED": "cancelled", "ABANDONED_QUERY": "cancelled", "SYNTAX_ERROR": "failed",
	} {
		got, _ := rowOf(post("SELECT 1", "", `,"failureInfo":{"errorCode":{"name":"`+code+`"},"failureMessage":"why"}`))
		if got.outcome != want || got.fault != code+": why" {
			t.Errorf("%s: %s, %s", code, got.outcome, got.fault)
		}
	}
}

func TestARefusedStatementHasTheTablesOfItsText(t *testing.T) {
	for query, want := range map[string][]string{
		"SELECT * FROM sales.public.orders o JOIN (SELECT 1) x ON true JOIN marketing.public.leads USING (id)": {"sales.public.orders", "marketing.public.leads"},
		"select ssn from customer_pii":                                        {"sales.public.customer_pii"},
		"INSERT INTO hive.raw.x SELECT 1":                                     {"hive.raw.x"},
		"DROP TABLE IF EXISTS marts.x":                                        {"sales.marts.x"},
		"SELECT 1 -- from secret.place.x":                                     nil,
		"SELECT * FROM TABLE(sales.system.query(query => 'SELECT 1 FROM x'))": {"sales.system.query"},
		`SELECT * FROM \"Sales\".\"public\".\"orders\"`:                       {"sales.public.orders"},
	} {
		got, _ := rowOf(post(query, "", ""))
		if !reflect.DeepEqual(got.tables, want) {
			t.Errorf("%s: %v", query, got.tables)
		}
	}
}

func TestSecretsAreTakenOut(t *testing.T) {
	for query, want := range map[string]string{
		`CREATE CATALOG x USING postgresql WITH ("connection-password" = 'Hush''d')`: `"connection-password" = '***')`,
		`CREATE USER x PASSWORD 'Hush'`:                                              `PASSWORD '***'`,
		`CALL system.login(api_key => 'Hush')`:                                       `api_key => '***'`,
		`SELECT 'https://me:Hush@there/x'`:                                           `https://me:***@there/x`,
	} {
		got := withoutSecrets(query)
		if strings.Contains(got, "Hush") || !strings.Contains(got, want) {
			t.Errorf("%s", got)
		}
	}
	if kept := "SELECT token_count FROM x WHERE name = 'y'"; withoutSecrets(kept) != kept {
		t.Errorf("%s", withoutSecrets(kept))
	}
}

func TestTextIsBoundedAndStorable(t *testing.T) {
	if got := text("a\x00b\xff"+strings.Repeat("ü", 20), 10); got != "a?b?üüüüü…" {
		t.Error(got)
	}
}

func TestABeginningIsWrittenWhenItsEndDoesNotCome(t *testing.T) {
	trail, now := newTrail(), time.Now()
	trail.take(row{kind: "begun", queryID: "short"}, now)
	trail.take(row{kind: "begun", queryID: "long"}, now)
	trail.take(row{kind: "ended", queryID: "short"}, now)
	trail.ripen(now.Add(begunAfter-1), false)
	if rows, _, _ := trail.next(9); len(rows) != 1 || rows[0].kind != "ended" {
		t.Fatalf("%+v", rows)
	}
	trail.ripen(now.Add(begunAfter), false)
	if rows, _, _ := trail.next(9); len(rows) != 2 || rows[1].queryID != "long" {
		t.Fatalf("%+v", rows)
	}
}

func TestWhatDoesNotFitIsCountedAndOnlyWhatIsWrittenIsForgotten(t *testing.T) {
	trail := newTrail()
	fitting := room / row{statement: strings.Repeat("x", longest)}.size()
	for range fitting + 3 {
		trail.take(row{kind: "ended", statement: strings.Repeat("x", longest)}, time.Now())
	}
	rows, lost, why := trail.next(200)
	if lost != 3 || why == "" || len(rows) != 200 || len(trail.waiting) != fitting {
		t.Fatalf("%d lost, %d rows", lost, len(rows))
	}
	trail.missed("later")
	trail.done(200, lost)
	if _, lost, why := trail.next(1); lost != 1 || why != "later" || len(trail.waiting) != fitting-200 || trail.Lost != 4 {
		t.Fatalf("%d lost", lost)
	}
	trail.done(fitting-200, 1)
	if trail.bytes != 0 {
		t.Fatal(trail.bytes)
	}
}

func TestOnlyWhoHasTheSecretPosts(t *testing.T) {
	trail := newTrail()
	ask := func(authorization, body string) int {
		request := httptest.NewRequest("POST", "/events", strings.NewReader(body))
		request.Header.Set("Authorization", authorization)
		answer := httptest.NewRecorder()
		handler(trail, &store{trail: trail}, "good").ServeHTTP(answer, request)
		return answer.Code
	}
	for _, wrong := range []string{"", "good", "Bearer ", "Bearer bad", "bearer good"} {
		if code := ask(wrong, string(post("SELECT 1", "", ""))); code != http.StatusUnauthorized {
			t.Errorf("%q: %d", wrong, code)
		}
	}
	if len(trail.waiting) != 0 || trail.Unauthorized != 5 {
		t.Fatal(trail.state())
	}
	if ask("Bearer good", string(post("SELECT 1", "", ""))) != http.StatusNoContent || len(trail.waiting) != 1 {
		t.Fatal(trail.state())
	}
	if ask("Bearer good", "{}") != http.StatusNoContent || ask("Bearer good", strings.Repeat("x", largest+1)) != http.StatusNoContent || trail.Lost != 2 {
		t.Fatal(trail.state())
	}
}
