// Keeps the accounts of the lake those of its files: people of one secret, programs with a secret each. Compiled into
// MinIO's package cmd, like lake.go. Who is in no file has no account, and no key or session that was made with one.
package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/minio/madmin-go/v3"
	"github.com/minio/minio/internal/auth"
)

const (
	secretsFolder = "/run/secrets"
	lookEvery     = 2 * time.Second
)

type account struct {
	Name     string   `yaml:"name"`
	Password string   `yaml:"password"`
	Policies []string `yaml:"policies"`
}

// followAccounts brings changed files into force until the program ends. They are taken when two looks found the same,
// because they are written in place; what is broken is told of once, and what was in force stays.
func followAccounts(ctx context.Context, lake lakeFile, accounts []account) {
	inForce := fmt.Sprint(accounts, nil)
	seen := inForce
	for {
		time.Sleep(lookEvery)
		accounts, err := accountsFrom(lake)
		found := fmt.Sprint(accounts, err)
		if found == inForce || found != seen {
			seen = found
			continue
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "lake: accounts stay as they were:", err)
		} else if err := setAccounts(ctx, accounts); err != nil {
			fmt.Fprintln(os.Stderr, "lake: accounts are not yet as their files say:", err)
			continue
		} else {
			fmt.Println("lake: accounts are as their files say now")
		}
		inForce = found
	}
}

// accountsFrom reads the files. It is all or nothing: an account that could not be made is an error.
func accountsFrom(lake lakeFile) ([]account, error) {
	text, err := os.ReadFile(filepath.Join(secretsFolder, lake.People))
	if err != nil {
		return nil, err
	}
	var people struct {
		Users []account `yaml:"users"`
	}
	if err := strictYAML(text, &people); err != nil {
		// Not in the parser's words: they quote the text, which is a secret.
		where := regexp.MustCompile(`line \d+`).FindString(err.Error())
		return nil, fmt.Errorf("%s is no list of users with name, password and policies: %s", lake.People, where)
	}
	accounts := people.Users
	for _, program := range lake.Programs {
		secret, err := os.ReadFile(filepath.Join(secretsFolder, program.Secret))
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, account{program.Name, strings.TrimSpace(string(secret)), []string{program.Policy}})
	}
	for at, one := range accounts {
		if problem := one.problem(lake); problem != "" {
			return nil, fmt.Errorf("account %q: %s", one.Name, problem)
		}
		if slices.ContainsFunc(accounts[:at], func(other account) bool { return other.Name == one.Name }) {
			return nil, fmt.Errorf("account %q is there twice", one.Name)
		}
	}
	return accounts, nil
}

// problem says why the server would not take the account, or nothing.
func (one account) problem(lake lakeFile) string {
	switch {
	case !auth.IsAccessKeyValid(one.Name) || auth.ContainsReservedChars(one.Name) || one.Name == globalActiveCred.AccessKey:
		return "a name has three characters or more, no = and no comma, and is not the root key"
	case !auth.IsSecretKeyValid(one.Password):
		return "a password has eight characters or more"
	case len(one.Policies) == 0:
		return "it has no policy"
	}
	for _, name := range one.Policies {
		if _, known := lake.Policies[name]; !known {
			return fmt.Sprintf("there is no policy %q", name)
		}
	}
	return ""
}

func setAccounts(ctx context.Context, accounts []account) error {
	known, err := globalIAMSys.ListUsers(ctx)
	if err != nil {
		return err
	}
	for name := range known {
		if !slices.ContainsFunc(accounts, func(one account) bool { return one.Name == name }) {
			if err := removeAccount(ctx, name); err != nil {
				return fmt.Errorf("account %s: %w", name, err)
			}
		}
	}
	for _, one := range accounts {
		if err := setAccount(ctx, one, known[one.Name]); err != nil {
			return fmt.Errorf("account %s: %w", one.Name, err)
		}
		if err := removeKeys(ctx, one.Name); err != nil {
			return fmt.Errorf("keys of account %s: %w", one.Name, err)
		}
	}
	return nil
}

// removeKeys takes back keys that an account made for itself before its policy denied that: they outlive its password.
func removeKeys(ctx context.Context, name string) error {
	keys, err := globalIAMSys.ListServiceAccounts(ctx, name)
	for _, key := range keys {
		if err == nil {
			err = globalIAMSys.DeleteServiceAccount(ctx, key.AccessKey, false)
		}
	}
	return err
}

// removeAccount also takes back the keys and console sessions that the account made for itself.
func removeAccount(ctx context.Context, name string) error {
	if err := globalIAMSys.DeleteUser(ctx, name, false); err != nil {
		return err
	}
	return endSessions(ctx, name)
}

// endSessions ends those of before the last start too: the server reads such a one from the disk when it is used, and
// RevokeTokens knows only what was read.
func endSessions(ctx context.Context, name string) error {
	kept := map[string]UserIdentity{}
	if err := globalIAMSys.store.loadUsers(ctx, stsUser, kept); err != nil {
		return err
	}
	for key, session := range kept {
		if session.Credentials.ParentUser == name {
			if err := globalIAMSys.store.LoadUser(ctx, key); err != nil {
				return err
			}
		}
	}
	return globalIAMSys.RevokeTokens(ctx, name, "")
}

// setAccount writes what differs only; with a new password, sessions of the old one end.
func setAccount(ctx context.Context, wanted account, known madmin.UserInfo) error {
	policies := strings.Join(wanted.Policies, ",")
	if known.PolicyName != policies {
		if _, err := globalIAMSys.PolicyDBSet(ctx, wanted.Name, policies, regUser, false); err != nil {
			return err
		}
	}
	current, _ := globalIAMSys.GetUser(ctx, wanted.Name)
	if current.Credentials.SecretKey == wanted.Password && known.Status == madmin.AccountEnabled {
		return nil
	}
	enabled := madmin.AddOrUpdateUserReq{SecretKey: wanted.Password, Status: madmin.AccountEnabled}
	if _, err := globalIAMSys.CreateUser(ctx, wanted.Name, enabled); err != nil {
		return err
	}
	return endSessions(ctx, wanted.Name)
}
