package schemas

import "strings"

// defender is Microsoft Defender for Endpoint's streaming API, and rows of the
// table DeviceRegistryEvents however they were exported.
func defender() shape {
	const p = "properties."
	both := func(names ...string) (paths []string) {
		for _, n := range names {
			paths = append(paths, p+n)
		}
		return append(paths, names...)
	}
	return shape{
		id: ShapeDefender, name: "defender", title: "Microsoft Defender XDR, `AdvancedHunting-DeviceRegistryEvents`",
		notes: "The path is `RegistryKey` and `RegistryValueName`. Of what was deleted or renamed the old names are in `PreviousRegistryKey` and `PreviousRegistryValueName`. " +
			"A user's hive is written `HKEY_CURRENT_USER\\<SID>` and read as `HKEY_USERS\\<SID>`. `InitiatingProcessFolderPath` is joined with the file name where it does not end in it. Binary data is opaque.",
		told: [][]clue{
			{{"category", "AdvancedHunting-*"}},
			has(p+"ActionType", p+"InitiatingProcessFileName"),
			has("ActionType", "InitiatingProcessFileName"),
			has("ActionType", "RegistryKey"),
		},
		places: map[Field][]string{
			wireAction:              both("ActionType"),
			wireKey:                 both("RegistryKey", "PreviousRegistryKey"),
			wireNewKey:              both("PreviousRegistryKey"),
			wireValueName:           both("RegistryValueName", "PreviousRegistryValueName"),
			RegistryDataStrings:     both("RegistryValueData"),
			RegistryDataType:        both("RegistryValueType"),
			wireFolder:              both("InitiatingProcessFolderPath"),
			ProcessName:             both("InitiatingProcessFileName"),
			ProcessPID:              both("InitiatingProcessId"),
			ProcessCommandLine:      both("InitiatingProcessCommandLine"),
			ProcessOriginalFileName: both("InitiatingProcessVersionInfoOriginalFileName"),
			ProcessParentName:       both("InitiatingProcessParentFileName"),
			ProcessParentPID:        both("InitiatingProcessParentId"),
			UserID:                  both("InitiatingProcessAccountSid"),
			UserName:                both("InitiatingProcessAccountName"),
			UserDomain:              both("InitiatingProcessAccountDomain"),
			HostName:                both("DeviceName"),
			HostID:                  both("DeviceId"),
			wireTimestamp:           append(both("Timestamp"), "TimeGenerated", "time"),
			SourceAction:            both("ActionType"),
			SourceID:                both("ReportId"),
			SourceCategory:          {"category"},
		},
		read: readDefender,
	}
}

func readDefender(d *Decoder, t *table) Outcome {
	w := &d.draft
	switch action := d.takeText(t, wireAction); {
	case strings.EqualFold(action, "RegistryValueSet"):
		w.action = ValueSet
	case strings.EqualFold(action, "RegistryValueDeleted"):
		w.action = ValueDeleted
	case strings.EqualFold(action, "RegistryKeyCreated"):
		w.action = KeyCreated
	case strings.EqualFold(action, "RegistryKeyDeleted"):
		w.action = KeyDeleted
	case strings.EqualFold(action, "RegistryKeyRenamed"):
		w.action = KeyRenamed
	default:
		return Outcome{Kind: Skipped, Reason: SkipOther}
	}
	if !d.says(t, wireKey) {
		return missingPath("RegistryKey")
	}
	w.data = typedData
	key := w.ownHive(d.takeText(t, wireKey))
	if w.action == KeyRenamed && d.says(t, wireNewKey) {
		w.set(RegistryNewPath, key)
		key = w.ownHive(d.takeText(t, wireNewKey))
	}
	w.keyAndValue(t, key)
	w.folder(t)
	w.splitMulti()
	return Outcome{Kind: Registry}
}

// ownHive returns the key as others write it where Defender writes the hive of a
// user, known by his identifier, as HKEY_CURRENT_USER\<SID>.
func (w *draft) ownHive(key string) string {
	const current = `HKEY_CURRENT_USER\`
	if len(key) <= len(current) || !strings.EqualFold(key[:len(current)], current) || !strings.HasPrefix(strings.ToUpper(key[len(current):]), "S-1-") {
		return key
	}
	from := len(w.d.arena)
	w.d.arena = append(append(w.d.arena, `HKEY_USERS\`...), key[len(current):]...)
	return w.d.view(from)
}

// keyAndValue sets the path of sources that state key and value name apart.
func (w *draft) keyAndValue(t *table, key string) {
	key = strings.TrimRight(key, `\`)
	if w.action != ValueSet && w.action != ValueDeleted && w.action != ValueRenamed {
		w.set(RegistryPath, key)
		return
	}
	w.valueName, w.hasValueName = w.d.takeText(t, wireValueName), true
	if strings.EqualFold(w.valueName, "(Default)") {
		w.valueName = ""
	}
	w.join(key, w.valueName)
}

// folder sets the image of sources that state its folder, or the whole path,
// beside its name.
func (w *draft) folder(t *table) {
	folder, name := w.d.takeText(t, wireFolder), w.first(ProcessName)
	switch n := len(folder) - len(name); {
	case folder == "":
	case name == "" || n > 0 && folder[n-1] == '\\' && strings.EqualFold(folder[n:], name):
		w.set(ProcessExecutable, folder)
	default:
		from := len(w.d.arena)
		w.d.arena = append(append(append(w.d.arena, strings.TrimRight(folder, `\`)...), '\\'), name...)
		w.set(ProcessExecutable, w.d.view(from))
	}
}

// splitMulti makes the strings of a multi string, which the source joined.
func (w *draft) splitMulti() {
	if w.action == ValueSet && valueType(w.first(RegistryDataType)) == "REG_MULTI_SZ" && len(w.get(RegistryDataStrings)) == 1 {
		w.setLines(RegistryDataStrings, w.first(RegistryDataStrings))
	}
}
