package settings

import (
	"errors"
	"io/fs"
	"iter"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
)

const (
	defaultRoute = "default"
	fileSetting  = "file."
	routeSetting = "routes.*."
)

var (
	errNoTable = Errorf("must be a table, with a name of letters, digits and . _ - only")

	nameForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	// 12 digits, 6 of them behind the point, as in the reference (alertwire/configuration.py).
	multiplierForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?$`)
	zeroForm       = regexp.MustCompile(`^[0.]*$`)
	oneForm        = regexp.MustCompile(`^1(\.0*)?$`)
)

// Routes is what alertwire.toml says of routes and gateways. It is not changed once it is read.
type Routes struct {
	ByName map[string]Route
	// Gateways are the endpoints of those beside the one at ALERTWIRE_COMMANDS_ENDPOINT, by name.
	Gateways map[string]string
	// Sections are the names of all that the file sets: limits, routes.swing, accounts.U1 and so on.
	Sections []string
}

// Lost says what a file lost that nobody takes out on purpose: it is emptied, or half written. Without
// routes there is the built-in one, which trades another account without any rule.
func (r Routes) Lost(fresh Routes) string {
	isRoute := func(name string) bool { return strings.HasPrefix(name, "routes.") }
	switch {
	case slices.ContainsFunc(r.Sections, isRoute) && !slices.ContainsFunc(fresh.Sections, isRoute):
		return "has lost all its [routes]; to trade without one, restart"
	case len(r.Sections) > 0 && len(fresh.Sections) == 0:
		return "has lost all that it held; to run without, restart"
	}
	return ""
}

// GatewayNames returns the names of Gateways in order.
func (r Routes) GatewayNames() []string { return slices.Sorted(maps.Keys(r.Gateways)) }

// Route is one webhook address: here only the accounts that it trades.
type Route struct{ Accounts []Account }

// Account is one account of a route. Gateway is a name, empty for the default one.
type Account struct {
	ID         string
	Multiplier Multiplier
	Gateway    string
}

// Multiplier is the factor on every size in an account, in the contract's form; empty for 1.
type Multiplier string

// LoadRoutes reads the routes and gateways of a file; a missing one is an empty one, and without a
// route there is the built-in one. What an executor does not need of the file it does not check: the
// producer and the gateway do, and `alertwire config check`.
//
// Its error is an *Error that names field and remedy.
func LoadRoutes(path string) (Routes, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Routes{}, Errorf("%s cannot be read: %v", path, reasonOf(err))
	}
	if !utf8.Valid(text) {
		return Routes{}, Errorf("%s cannot be read: it is not UTF-8 text", path)
	}
	routes, err := ReadRoutes(string(text))
	if err != nil {
		return Routes{}, Errorf("%s: %v", path, err)
	}
	return routes, nil
}

// ReadRoutes reads the text of an alertwire.toml.
func ReadRoutes(text string) (Routes, error) {
	var file map[string]any
	if err := toml.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &file); err != nil {
		return Routes{}, placed(err)
	}
	for name := range file {
		// A misspelt `routes` would trade in the built-in route's place.
		if !slices.Contains(known, fileSetting+name) {
			return Routes{}, Errorf("%s is not a setting, see docs/configuration.md", name)
		}
	}
	routes := Routes{ByName: map[string]Route{}, Gateways: map[string]string{}, Sections: sections(file)}
	for name, fields := range tables(file, "gateways") {
		endpoint, err := readGateway(fields)
		if err != nil {
			return Routes{}, Errorf("gateways.%s: %v", name, err)
		}
		if slices.Contains(slices.Collect(maps.Values(routes.Gateways)), endpoint) {
			return Routes{}, Errorf("gateways: two of them have the same commands_endpoint")
		}
		routes.Gateways[name] = endpoint
	}
	for name, fields := range tables(file, "routes") {
		route, err := readRoute(fields)
		if err != nil {
			return Routes{}, Errorf("routes.%s: %v", name, err)
		}
		routes.ByName[name] = route
	}
	if len(routes.ByName) == 0 {
		routes.ByName[defaultRoute] = Route{}
	}
	return routes, routes.check()
}

// placed says on which line the text is no TOML, where that is known.
func placed(err error) error {
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		line, _ := wrong.Position()
		return Errorf("line %d: %v", line, err)
	}
	return err
}

func sections(file map[string]any) (names []string) {
	for section, value := range file {
		named, _ := value.(map[string]any)
		if section == "limits" && len(named) > 0 {
			names = append(names, section)
			continue
		}
		for name := range named {
			names = append(names, section+"."+name)
		}
	}
	return slices.Sorted(slices.Values(names))
}

// tables yields the named tables of a section. What is no table is yielded as nil.
func tables(file map[string]any, section string) iter.Seq2[string, map[string]any] {
	return func(yield func(string, map[string]any) bool) {
		named, isTable := file[section].(map[string]any)
		if _, isThere := file[section]; isThere && !isTable {
			yield("", nil)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(named)) {
			fields, _ := named[name].(map[string]any)
			if !nameForm.MatchString(name) {
				fields = nil
			}
			if !yield(name, fields) {
				return
			}
		}
	}
}

func readGateway(fields map[string]any) (string, error) {
	if fields == nil {
		return "", errNoTable
	}
	for name := range fields {
		if name != "commands_endpoint" {
			return "", Errorf("%s is not a setting, see docs/configuration.md", name)
		}
	}
	endpoint, _ := fields["commands_endpoint"].(string)
	if endpoint == "" {
		return "", Errorf("commands_endpoint must be set, such as tcp://127.0.0.1:5567")
	}
	return endpoint, nil
}

func readRoute(fields map[string]any) (Route, error) {
	if fields == nil {
		return Route{}, errNoTable
	}
	for name := range fields {
		// A misspelt `accounts` would trade the broker's only account.
		if !slices.Contains(known, routeSetting+name) {
			return Route{}, Errorf("%s is not a setting, see docs/configuration.md", name)
		}
	}
	var listed []any
	switch value := fields["accounts"].(type) {
	case nil:
	case []any:
		listed = value
	default:
		return Route{}, Errorf("accounts must be a list")
	}
	var route Route
	for _, each := range listed {
		account, err := readAccount(each)
		if err != nil {
			return Route{}, Errorf("accounts: %v", err)
		}
		route.Accounts = append(route.Accounts, account)
	}
	return route, nil
}

// readAccount reads an account: its id alone, or a table.
func readAccount(value any) (account Account, err error) {
	fields, isTable := value.(map[string]any)
	if !isTable {
		fields = map[string]any{"id": value}
	}
	for name, value := range fields {
		isText := true
		switch name {
		case "id":
			account.ID, isText = value.(string)
		case "gateway":
			account.Gateway, isText = value.(string)
		case "multiplier":
			if account.Multiplier, err = readMultiplier(value); err != nil {
				return Account{}, err
			}
		default:
			return Account{}, Errorf("%s is not a setting of an account", name)
		}
		if !isText {
			return Account{}, Errorf("%s must be text", name)
		}
	}
	if account.ID == "" {
		return Account{}, Errorf("id must be set")
	}
	return account, nil
}

// check refuses what would order twice or nowhere.
func (r Routes) check() error {
	behind := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(r.ByName)) {
		var ids []string
		for _, account := range r.ByName[name].Accounts {
			if slices.Contains(ids, account.ID) {
				return Errorf("routes.%s: accounts names an account twice, which would order twice", name)
			}
			ids = append(ids, account.ID)
			if _, isNamed := r.Gateways[account.Gateway]; account.Gateway != "" && !isNamed {
				return Errorf("routes.%s: account %s is behind gateway '%s', which [gateways] does not name",
					name, account.ID, account.Gateway)
			}
			if other, isSeen := behind[account.ID]; isSeen && other != account.Gateway {
				return Errorf("routes.%s: account %s is behind gateway '%s' here and '%s' in another route: "+
					"only one ledger can keep an account's orders from being placed twice",
					name, account.ID, account.Gateway, other)
			}
			behind[account.ID] = account.Gateway
		}
	}
	return nil
}

func readMultiplier(value any) (Multiplier, error) {
	var text string
	switch value := value.(type) {
	case string:
		text = value
	case int64:
		text = strconv.FormatInt(value, 10)
	case float64:
		text = strconv.FormatFloat(value, 'f', -1, 64)
	}
	switch {
	case !multiplierForm.MatchString(text) || zeroForm.MatchString(text):
		return "", Errorf("multiplier must be a number above 0 with at most 6 digits before the point and 6 behind it")
	case oneForm.MatchString(text):
		return "", nil
	}
	return Multiplier(text), nil
}
