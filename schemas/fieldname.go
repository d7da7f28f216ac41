package schemas

// fieldInfo is what rule languages call a field and how its patterns are read.
type fieldInfo struct {
	ecs   string   // empty when ECS has no name for it
	sigma []string // Sigma's and Sysmon's names, the usual one first

	path      bool // a registry path: see Field.IsPath
	undoubled bool // see Field.Undoubled
	carried   bool // no rule language names it
}

// fields is read only.
var fields = [NumFields]fieldInfo{
	RegistryPath:             {ecs: "registry.path", sigma: []string{"TargetObject"}, path: true, undoubled: true},
	RegistryHive:             {ecs: "registry.hive"},
	RegistryKey:              {ecs: "registry.key", undoubled: true},
	RegistryValue:            {ecs: "registry.value", undoubled: true},
	RegistryDataStrings:      {ecs: "registry.data.strings", sigma: []string{"Details"}, undoubled: true},
	RegistryDataType:         {ecs: "registry.data.type"},
	RegistryNewPath:          {sigma: []string{"NewName"}, path: true, undoubled: true},
	EventCategory:            {ecs: "event.category"},
	EventType:                {ecs: "event.type"},
	EventAction:              {ecs: "event.action"},
	SysmonEventType:          {sigma: []string{"EventType"}},
	SysmonEventID:            {sigma: []string{"EventID", "EventId"}},
	EventCode:                {ecs: "event.code"},
	EventProvider:            {ecs: "event.provider", sigma: []string{"Provider_Name", "Provider", "SourceName"}},
	EventDataset:             {ecs: "event.dataset"},
	EventModule:              {ecs: "event.module"},
	Channel:                  {ecs: "winlog.channel", sigma: []string{"Channel"}},
	RuleName:                 {sigma: []string{"RuleName"}},
	ProcessExecutable:        {ecs: "process.executable", sigma: []string{"Image"}},
	ProcessName:              {ecs: "process.name"},
	ProcessPID:               {ecs: "process.pid", sigma: []string{"ProcessId"}},
	ProcessEntityID:          {ecs: "process.entity_id", sigma: []string{"ProcessGuid"}},
	ProcessCommandLine:       {ecs: "process.command_line", sigma: []string{"CommandLine"}},
	ProcessArgs:              {ecs: "process.args"},
	ProcessOriginalFileName:  {ecs: "process.pe.original_file_name", sigma: []string{"OriginalFileName"}},
	ProcessSignatureExists:   {ecs: "process.code_signature.exists"},
	ProcessSignatureTrusted:  {ecs: "process.code_signature.trusted"},
	ProcessSignatureStatus:   {ecs: "process.code_signature.status"},
	ProcessSignatureSubject:  {ecs: "process.code_signature.subject_name"},
	ProcessParentExecutable:  {ecs: "process.parent.executable", sigma: []string{"ParentImage"}},
	ProcessParentName:        {ecs: "process.parent.name"},
	ProcessParentPID:         {ecs: "process.parent.pid", sigma: []string{"ParentProcessId"}},
	ProcessParentCommandLine: {ecs: "process.parent.command_line", sigma: []string{"ParentCommandLine"}},
	EffectiveExecutable:      {ecs: "Effective_process.executable"},
	EffectiveName:            {ecs: "Effective_process.name"},
	EffectivePID:             {ecs: "Effective_process.pid"},
	EffectiveEntityID:        {ecs: "Effective_process.entity_id"},
	UserID:                   {ecs: "user.id"},
	UserName:                 {ecs: "user.name"},
	UserDomain:               {ecs: "user.domain"},
	UserFull:                 {sigma: []string{"User"}},
	HostName:                 {ecs: "host.name", sigma: []string{"Computer", "ComputerName", "Hostname"}},
	HostID:                   {ecs: "host.id"},
	HostOSType:               {ecs: "host.os.type"},
	FilePath:                 {ecs: "file.path"},
	SourceAction:             {ecs: "regtrap.event.action", carried: true},
	SourceType:               {ecs: "regtrap.event.type", carried: true},
	SourceKind:               {ecs: "regtrap.event.kind", carried: true},
	SourceCategory:           {ecs: "regtrap.event.category", carried: true},
	SourceID:                 {ecs: "regtrap.event.id", carried: true},
	SourceMessage:            {ecs: "regtrap.event.message", carried: true},
	SourceTags:               {ecs: "regtrap.event.tags", carried: true},
	SourceRuleName:           {ecs: "regtrap.event.rule_name", carried: true},
}

// FieldByECS returns the field of an ECS name, as in "registry.path". Names
// are compared with case. A name that is not known is the rule language's to
// judge: EQL reads it as null.
func FieldByECS(name string) (Field, bool) {
	if name == "" {
		return 0, false
	}
	for f := range fields {
		if fields[f].ecs == name && !fields[f].carried {
			return Field(f), true
		}
	}
	return 0, false
}

// FieldBySigma returns the field of a name of Sigma's taxonomy for Windows
// registry events, as in "TargetObject". Names are compared with case.
func FieldBySigma(name string) (Field, bool) {
	for f := range fields {
		for _, n := range fields[f].sigma {
			if n == name {
				return Field(f), true
			}
		}
	}
	return 0, false
}

// ECS returns the ECS name, or the empty string when ECS has none.
func (f Field) ECS() string {
	if fields[f].carried {
		return ""
	}
	return fields[f].ecs
}

// Sigma returns the name in Sigma's taxonomy, or the empty string.
func (f Field) Sigma() string {
	if n := fields[f].sigma; len(n) > 0 {
		return n[0]
	}
	return ""
}

// String returns the ECS name; Sigma's where ECS has none; for a carried
// field its place in the alert.
func (f Field) String() string {
	if int(f) >= NumFields {
		return "unknown field"
	}
	if fields[f].ecs != "" {
		return fields[f].ecs
	}
	return f.Sigma()
}

// IsPath reports whether the field is a registry path, so that it has
// spellings and a pattern on it is also tried with its head in canonical
// spelling (registry.CanonicalHead).
func (f Field) IsPath() bool { return fields[f].path }

// IsSearched reports whether a keyword search looks into the field: into all
// that rule languages name but what regtrap derives of every event in words of
// its own, such as event.category, where a keyword would always be found.
func (f Field) IsSearched() bool {
	switch f {
	case EventCategory, EventType, EventAction, HostOSType:
		return false
	}
	return !fields[f].carried
}

// Undoubled reports whether %% was made % in the field's texts, so that it
// must be in patterns on it as well (registry.Undouble).
func (f Field) Undoubled() bool { return fields[f].undoubled }
