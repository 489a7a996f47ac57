package settings

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	dotenvFile = ".env"
	blanks     = " \t\r"
)

// The form of a line of .env, as in the reference (alertwire/environment.py).
var (
	lineForm     = regexp.MustCompile(`^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=(.*)$`)
	literalForm  = regexp.MustCompile(`^[ \t]*'([^']*)'(?:[ \t]+#.*)?$`)
	quotedForm   = regexp.MustCompile(`^[ \t]*"((?:[^"\\]|\\.)*)"(?:[ \t]+#.*)?$`)
	openForm     = regexp.MustCompile(`^[ \t]*['"]`)
	commentForm  = regexp.MustCompile(`[ \t]#.*$`)
	escapedForm  = regexp.MustCompile(`\\(.)`)
	variableForm = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}`)
)

// readEnvironment returns every variable; one that is empty in the environment counts as not set, and
// .env says what the environment does not. Its error is an *Error.
func readEnvironment() (map[string]string, error) {
	outer := map[string]string{}
	for _, line := range os.Environ() {
		if name, value, _ := strings.Cut(line, "="); value != "" || strings.HasPrefix(strings.ToUpper(name), prefix) {
			outer[name] = value
		}
	}
	text, err := os.ReadFile(dotenvFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return outer, nil
	case err != nil:
		return nil, Errorf("%s cannot be read: %v", dotenvFile, reasonOf(err))
	case !utf8.Valid(text):
		return nil, Errorf("%s cannot be read: it is not UTF-8 text", dotenvFile)
	}
	inner, err := readDotenv(string(bytes.TrimPrefix(text, []byte("\ufeff"))), outer)
	if err != nil {
		return nil, err
	}
	for name, value := range outer {
		if value != "" || inner[name] == "" {
			inner[name] = value
		}
	}
	return inner, nil
}

// readDotenv reads the text of a .env; outer is what ${NAME} may name beside the lines before it. Its
// error names the line that is neither NAME=VALUE nor a comment.
func readDotenv(text string, outer map[string]string) (map[string]string, error) {
	inner := map[string]string{}
	expanded := func(text string) string {
		return variableForm.ReplaceAllStringFunc(text, func(found string) string {
			parts := variableForm.FindStringSubmatch(found)
			for _, value := range []string{inner[parts[1]], outer[parts[1]]} {
				if value != "" {
					return value
				}
			}
			return parts[2]
		})
	}
	for i, line := range strings.Split(text, "\n") {
		line = strings.Trim(line, blanks)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := lineForm.FindStringSubmatch(line)
		if parts == nil {
			return nil, errLine(i)
		}
		name, given := parts[1], parts[2]
		if literal := literalForm.FindStringSubmatch(given); literal != nil {
			inner[name] = literal[1]
		} else if quoted := quotedForm.FindStringSubmatch(given); quoted != nil {
			inner[name] = expanded(escapedForm.ReplaceAllStringFunc(quoted[1], unescaped))
		} else if !openForm.MatchString(given) {
			inner[name] = expanded(strings.Trim(commentForm.ReplaceAllString(given, ""), blanks))
		} else {
			return nil, errLine(i)
		}
	}
	return inner, nil
}

func unescaped(sign string) string {
	switch sign[1:] {
	case "n":
		return "\n"
	case "t":
		return "\t"
	}
	return sign[1:]
}

func errLine(i int) error {
	return Errorf("%s: line %d is neither NAME=VALUE nor a comment: put # before it, or the value in 'quotes'",
		dotenvFile, i+1)
}

// reasonOf is what the system said, without the path that the message names already.
func reasonOf(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
