package schemas

// A Field is a canonical field of a registry event. ECS and Sigma names are
// two vocabularies for the same fields (see FieldByECS and FieldBySigma), so a
// rule written in either runs on every source.
type Field uint8

// The fields that rules may test. Each is documented with its ECS and Sigma
// name; the table fields holds both.
const (
	RegistryPath             Field = iota // registry.path, TargetObject: full path with value name, in all its spellings
	RegistryHive                          // registry.hive: derived
	RegistryKey                           // registry.key: derived
	RegistryValue                         // registry.value: derived
	RegistryDataStrings                   // registry.data.strings, Details
	RegistryDataType                      // registry.data.type: REG_SZ …
	RegistryNewPath                       // NewName: the new path of a rename, in all its spellings
	EventCategory                         // event.category: always "registry"
	EventType                             // event.type: change, creation, deletion, access (derived from Action)
	EventAction                           // event.action: modification, creation, deletion, rename, query (derived)
	SysmonEventType                       // EventType: SetValue, CreateKey, DeleteKey, DeleteValue, RenameKey, RenameValue (derived)
	SysmonEventID                         // EventID: 12, 13, 14 (derived)
	EventCode                             // event.code: the source's own event id
	EventProvider                         // event.provider, Provider_Name
	EventDataset                          // event.dataset
	EventModule                           // event.module
	Channel                               // winlog.channel, Channel
	RuleName                              // RuleName: the rule of Sysmon's own configuration
	ProcessExecutable                     // process.executable, Image
	ProcessName                           // process.name: last segment of the image when absent
	ProcessPID                            // process.pid, ProcessId
	ProcessEntityID                       // process.entity_id, ProcessGuid
	ProcessCommandLine                    // process.command_line, CommandLine
	ProcessArgs                           // process.args
	ProcessOriginalFileName               // process.pe.original_file_name, OriginalFileName
	ProcessSignatureExists                // process.code_signature.exists
	ProcessSignatureTrusted               // process.code_signature.trusted
	ProcessSignatureStatus                // process.code_signature.status
	ProcessSignatureSubject               // process.code_signature.subject_name
	ProcessParentExecutable               // process.parent.executable, ParentImage
	ProcessParentName                     // process.parent.name
	ProcessParentPID                      // process.parent.pid, ParentProcessId
	ProcessParentCommandLine              // process.parent.command_line, ParentCommandLine
	EffectiveExecutable                   // Effective_process.executable
	EffectiveName                         // Effective_process.name
	EffectivePID                          // Effective_process.pid
	EffectiveEntityID                     // Effective_process.entity_id
	UserID                                // user.id: SID of the acting user
	UserName                              // user.name
	UserDomain                            // user.domain
	UserFull                              // User: DOMAIN\name
	HostName                              // host.name, Computer, ComputerName
	HostID                                // host.id
	HostOSType                            // host.os.type: always "windows"
	FilePath                              // file.path: null on a registry event that lacks it

	// Carried into the alert under regtrap.event; no rule language names them.
	SourceAction   // event.action as the source wrote it
	SourceType     // event.type as the source wrote it, every element
	SourceKind     // event.kind
	SourceCategory // event.category as the source wrote it
	SourceID       // event.id, record number
	SourceMessage  // message
	SourceTags     // tags
	SourceRuleName // rule.name

	NumFields = int(iota)
)
