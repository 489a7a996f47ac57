package settings

import (
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// ALERTWIRE_X_FILE names a file that holds the secret ALERTWIRE_X.
	fileSuffix    = "_FILE"
	secretSizeMax = 4096
)

// readSecrets returns the secrets of other processes, and the passwords within them. An executor uses
// none; but one that it can be told of must not be in what it writes, and one that was set and cannot
// be read is the same mistake for every process.
func readSecrets(given map[string]string) (secrets, problems []string) {
	for _, variable := range known {
		plain, isFile := strings.CutSuffix(variable, fileSuffix)
		if !isFile || !slices.Contains(known, plain) {
			continue
		}
		found := []string{given[plain]}
		if place := given[variable]; place != "" {
			if given[plain] != "" {
				problems = append(problems, plain+" and "+variable+" are both set: keep one")
			}
			secret, err := secretIn(place)
			if err != nil {
				problems = append(problems, variable+": "+err.Error())
			}
			found = append(found, secret)
		}
		for _, secret := range found {
			password := passwordIn(secret)
			decoded, _ := url.PathUnescape(password)
			secrets = append(secrets, secret, password, decoded)
		}
	}
	return slices.DeleteFunc(secrets, func(one string) bool { return one == "" }), problems
}

func secretIn(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", Errorf("%s cannot be read: %v", path, reasonOf(err))
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, secretSizeMax+1))
	switch {
	case err != nil:
		return "", Errorf("%s cannot be read: %v", path, reasonOf(err))
	case !utf8.Valid(content):
		return "", Errorf("%s cannot be read: it is not UTF-8 text", path)
	}
	secret := strings.TrimSpace(string(content))
	if secret == "" || len(content) > secretSizeMax {
		return "", Errorf("%s must hold the secret and nothing else", path)
	}
	return secret, nil
}

// passwordIn is the password in SCHEME://USER:PASSWORD@HOST, where there is one.
func passwordIn(secret string) string {
	_, place, isURL := strings.Cut(secret, "://")
	if !isURL {
		return ""
	}
	if end := strings.IndexAny(place, "/?#"); end >= 0 {
		place = place[:end]
	}
	at := strings.LastIndex(place, "@")
	_, password, _ := strings.Cut(place[:max(0, at)], ":")
	return password
}
