package schemas

import (
	"strings"

	"github.com/regtrap/regtrap/registry"
)

// wellKnown is an account that every Windows machine has, whose name depends
// on the language of the machine. Rules name it in English or by its SID.
type wellKnown struct {
	sid, name string
	names     []string // in other languages: de, fr, es, it, pt, nl, sv, pl, ru, nb, da, fi, hu
}

const authority = "NT AUTHORITY"

// authorities and accounts are read only.
var (
	authorities = []string{authority, "NT-AUTORITÄT", "AUTORITE NT", "AUTORITÉ NT", "AUTORIDAD NT", "AUTORITÀ NT", "AUTORIDADE NT",
		"NT-AUTORITEIT", "NT INSTANS", "NT-INSTANS", "ZARZĄDZANIE NT", "NT-MYNDIGHET", "NT-MYNDIGHED", "NT-HALLINTA", "NT HATÓSÁG"}
	accounts = []wellKnown{
		{"S-1-5-18", "SYSTEM", []string{"Système", "Systeme", "SISTEMA", "LocalSystem", "СИСТЕМА", "JÄRJESTELMÄ", "RENDSZER"}},
		{"S-1-5-19", "LOCAL SERVICE", []string{"Lokaler Dienst", "SERVICE LOCAL", "SERVICIO LOCAL", "SERVICIO LOC", "SERVIZIO LOCALE",
			"SERVIÇO LOCAL", "LOKALE SERVICE", "LOKAL TJÄNST", "USŁUGA LOKALNA", "ЛОКАЛЬНАЯ СЛУЖБА"}},
		{"S-1-5-20", "NETWORK SERVICE", []string{"Netzwerkdienst", "SERVICE RÉSEAU", "SERVICE RESEAU", "SERVICIO DE RED", "Servicio de red",
			"SERVIZIO DI RETE", "SERVIÇO DE REDE", "NETWERKSERVICE", "NÄTVERKSTJÄNST", "USŁUGA SIECIOWA", "СЕТЕВАЯ СЛУЖБА"}},
	}
)

// findAccount returns the well-known account of a SID or a name; nil for others.
func findAccount(sid, domain, name string) *wellKnown {
	for i := range accounts {
		if accounts[i].sid == sid {
			return &accounts[i]
		}
	}
	if sid != "" || name == "" || domain != "" && !containsFold(authorities, domain) {
		return nil
	}
	for i := range accounts {
		if strings.EqualFold(accounts[i].name, name) || containsFold(accounts[i].names, name) {
			return &accounts[i]
		}
	}
	return nil
}

func containsFold(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}

// addUser adds the acting user, each part made of the others where the source
// has it not. A well-known account is known by SID and English name whatever
// the source wrote.
func (w *draft) addUser() {
	sid, name, domain, full := w.first(UserID), w.first(UserName), w.first(UserDomain), w.first(UserFull)
	if full != "" && name == "" {
		if d, n, ok := strings.Cut(full, `\`); ok {
			domain, name = d, n
		} else if sid == "" && strings.HasPrefix(full, "S-1-") {
			sid, full = full, ""
		} else {
			name = full
		}
	}
	account := findAccount(sid, domain, name)
	if account != nil {
		sid = account.sid
		if name == "" {
			name, domain = account.name, authority
		}
	}
	if full == "" && name != "" {
		full = w.joinUser(domain, name)
	}
	w.addText(UserID, sid)
	if account != nil {
		w.addTexts(UserName, name, account.name)
		w.addTexts(UserDomain, domain, authority)
		w.addTexts(UserFull, full, w.joinUser(authority, account.name))
	} else {
		w.addText(UserName, name)
		w.addText(UserDomain, domain)
		w.addText(UserFull, full)
	}
}

func (w *draft) joinUser(domain, name string) string {
	if domain == "" {
		return name
	}
	from := len(w.d.arena)
	w.d.arena = append(append(append(w.d.arena, domain...), '\\'), name...)
	return w.d.view(from)
}

// addTexts adds a field's only element with its text in English.
func (w *draft) addTexts(f Field, text, english string) {
	w.addText(f, text)
	w.addDerived(f, english)
}

// addText adds a field's only element, unless it is empty.
func (w *draft) addText(f Field, text string) {
	if text != "" {
		w.add(f, Value{Text: text})
	}
}

// addDerived adds a further text of a field's only element, unless it is there.
func (w *draft) addDerived(f Field, text string) {
	for _, v := range w.ev.Values(f) {
		if v.Text == text {
			return
		}
	}
	w.add(f, Value{Text: text, Spelling: registry.Derived})
}
