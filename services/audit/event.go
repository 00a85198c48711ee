package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	longest      = 10_000 // characters of a statement that are kept
	longestError = 1_000
	most         = 200 // tables, and columns, of one statement
)

// row is one line of the trail: a statement that began, or one that ended.
type row struct {
	kind                                string
	at                                  time.Time
	person, signedInAs, source, address string
	queryID, statement, outcome, fault  string
	tables, columns                     []string
	durationMs, rowsRead, rowsWritten   int64
}

// size is what a waiting row takes of memory, nearly.
func (r row) size() int {
	n := 400 + len(r.statement) + len(r.fault)
	for _, name := range append(slices.Clone(r.tables), r.columns...) {
		n += 16 + len(name)
	}
	return n
}

// event is what we read of a post of Trino's; the rest (plan, statistics of operators) is left out.
type event struct {
	CreateTime time.Time  `json:"createTime"`
	EndTime    *time.Time `json:"endTime"`
	Context    struct {
		User, Principal, Source, RemoteClientAddress, Catalog, Schema string
	} `json:"context"`
	Metadata struct {
		QueryID string `json:"queryId"`
		Query   string `json:"query"`
		Tables  []struct {
			Catalog, Schema, Table string
			Columns                []struct{ Column string }
		} `json:"tables"`
	} `json:"metadata"`
	IOMetadata struct {
		Output *struct{ CatalogName, Schema, Table string } `json:"output"`
	} `json:"ioMetadata"`
	FailureInfo *struct {
		ErrorCode      struct{ Name string } `json:"errorCode"`
		FailureMessage string                `json:"failureMessage"`
	} `json:"failureInfo"`
	Statistics struct {
		PhysicalInputRows, WrittenRows int64
	} `json:"statistics"`
}

// rowOf turns the text of a post into a row; false where it is not one of Trino's.
func rowOf(body []byte) (row, bool) {
	var e event
	if json.Unmarshal(body, &e) != nil || e.Metadata.QueryID == "" || e.Context.User == "" || e.CreateTime.IsZero() {
		return row{}, false
	}
	r := row{
		kind: "begun", at: e.CreateTime, person: text(e.Context.User, 200), source: text(e.Context.Source, 200),
		address: text(e.Context.RemoteClientAddress, 100), queryID: text(e.Metadata.QueryID, 100),
		statement: text(withoutSecrets(e.Metadata.Query), longest),
	}
	if e.Context.Principal != e.Context.User {
		r.signedInAs = text(e.Context.Principal, 200)
	}
	r.tables, r.columns = e.names()
	if e.EndTime == nil {
		return r, true
	}
	r.kind, r.outcome = "ended", "finished"
	r.durationMs = e.EndTime.Sub(e.CreateTime).Milliseconds()
	r.rowsRead, r.rowsWritten = e.Statistics.PhysicalInputRows, e.Statistics.WrittenRows
	if e.FailureInfo != nil {
		r.outcome = outcomes[e.FailureInfo.ErrorCode.Name]
		if r.outcome == "" {
			r.outcome = "failed"
		}
		r.fault = text(withoutSecrets(e.FailureInfo.ErrorCode.Name+": "+e.FailureInfo.FailureMessage), longestError)
	}
	return r, true
}

// outcomes that are no failures of the statement itself.
var outcomes = map[string]string{
	"PERMISSION_DENIED": "refused", "USER_CANCELED": "cancelled", "ABANDONED_QUERY": "cancelled", "ADMINISTRATIVELY_KILLED": "cancelled",
}

// names are the tables (catalog.schema.table) and the columns (catalog.schema.table.column) that a statement read, and the table that
// it wrote. A statement that was refused or could not be read has none in Trino's event: then those that its text names.
func (e event) names() (tables, columns []string) {
	add := func(list *[]string, name string) {
		if len(*list) < most && !slices.Contains(*list, name) {
			*list = append(*list, text(name, 300))
		}
	}
	for _, t := range e.Metadata.Tables {
		name := t.Catalog + "." + t.Schema + "." + t.Table
		add(&tables, name)
		for _, c := range t.Columns {
			add(&columns, name+"."+c.Column)
		}
	}
	if out := e.IOMetadata.Output; out != nil {
		add(&tables, out.CatalogName+"."+out.Schema+"."+out.Table)
	}
	if len(tables) > 0 {
		return tables, columns
	}
	for _, found := range named.FindAllStringSubmatch(comments.ReplaceAllString(e.Metadata.Query, " "), -1) {
		parts := strings.Split(strings.ToLower(blanks.ReplaceAllString(strings.ReplaceAll(found[1], `"`, ""), "")), ".")
		switch {
		case len(parts) == 3:
		case len(parts) == 2 && e.Context.Catalog != "":
			parts = append([]string{e.Context.Catalog}, parts...)
		case len(parts) == 1 && e.Context.Catalog != "" && e.Context.Schema != "":
			parts = append([]string{e.Context.Catalog, e.Context.Schema}, parts...)
		default:
			continue
		}
		add(&tables, strings.Join(parts, "."))
	}
	return tables, columns
}

var (
	comments = regexp.MustCompile(`--[^\n]*|(?s:/\*.*?\*/)|'(?:[^']|'')*'`) // and literals
	blanks   = regexp.MustCompile(`\s+`)
	named    = regexp.MustCompile(`(?i)\b(?:from|join|into|update|table|view|describe|desc)\s+(?:table\s*\(\s*|if\s+(?:not\s+)?exists\s+)?` +
		`((?:"[^"]+"|[a-z_]\w*)(?:\s*\.\s*(?:"[^"]+"|[a-z_]\w*)){0,2})(?:\s|;|,|\)|\(|$)`)
	// A literal that is said to be a secret: "connection-password" = '...', password => '...', SET SESSION AUTHORIZATION has none.
	secret = regexp.MustCompile(`(?i)((?:password|passwd|secret|token|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key)[\w.-]*"?\s*(?:=>|=|:|,|\(|\bis\b|\bas\b|\s)\s*)'(?:[^']|'')*'`)
	// user:password@ of an address.
	inAddress = regexp.MustCompile(`(://[^/\s:@']+:)[^@\s/']+@`)
)

// withoutSecrets takes out what says of itself that it is a secret.
func withoutSecrets(s string) string {
	return inAddress.ReplaceAllString(secret.ReplaceAllString(s, "$1'***'"), "$1***@")
}

// text is s as the database takes it: valid, without NUL, and no longer than that.
func text(s string, longest int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
	if utf8.RuneCountInString(s) <= longest {
		return s
	}
	return string([]rune(s)[:longest-1]) + "…"
}
