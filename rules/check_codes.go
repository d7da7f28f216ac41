package rules

// CodeInfo says what a code means.
type CodeInfo struct {
	Code     Code
	Severity string // error, warning or note; of some codes a problem may also be less
	Short    string // one line
	Help     string // what to do
}

// Codes returns all codes of problems. The slice is the caller's.
func Codes() []CodeInfo {
	return []CodeInfo{
		{CodeFile, "error", "A file that holds no rule, or cannot be one", "Give .yml, .yaml or .toml files with a rule in them, of at most 4 MiB. A file that is empty is a warning."},
		{CodeSyntax, "error", "No YAML, no TOML, no EQL", "Mend the text at the place that is named."},
		{CodeAttribute, "error", "An attribute is missing or has a wrong value", "Write the attribute as the Sigma specification, or Elastic's schema of rules, asks for."},
		{CodeLogsource, "error", "Not about events of the registry", "Use category: registry_set, registry_add, registry_delete, registry_rename or registry_event, product: windows; in EQL registry where, or any where."},
		{CodeField, "error", "A field that registry events do not have", "Use a field of the Sigma taxonomy for registry events: TargetObject, Details, Image, EventType, User."},
		{CodeModifier, "error", "A modifier, operator or function that is unknown or misused", "Use one of those that the page on the language lists."},
		{CodeValue, "error", "A value that cannot be compared in this way", "Write a value of the kind that the test asks for."},
		{CodeCondition, "error", "A condition that does not parse, or names what is not there", "Join names of selections of the same rule by and, or, not, 1 of and all of."},
		{CodeUnsupported, "error", "Valid, and beyond one event or beyond regtrap", "Write a rule on one event, without what is named."},
		{CodeLimit, "error", "Larger than a rule may be", "Split the rule."},
		{CodeDuplicateID, "error", "Another rule has the id", "Give the rule an id of its own."},
		{CodeDuplicateContent, "error", "Another rule says the same", "Keep one of the two. The same detection under another id is a warning: both fire."},
		{CodeNeverTrue, "warning", "A condition, or a part of one, that no event makes true", "Look for tests that exclude each other, an and for an or, a value that the field never has."},
		{CodeAlwaysTrue, "warning", "A condition, or an alternative, that every event makes true", "Look for an empty text in a list, an or for an and, a not too many."},
		{CodeNoShape, "warning", "A field that no source of registry events carries", "Test a field that some source has: see the page on shapes."},
		{CodePattern, "warning", "A pattern that no text of its field matches", "Look for a misspelled hive, slashes, doubled or missing backslashes, a missing wildcard."},
		{CodeEveryEvent, "note", "No text is necessary to the condition: the rule is evaluated on every event", "Join a test of some text by and, where the detection allows."},
		{CodeUnusedSelection, "warning", "A selection that no condition names", "Name it in the condition, or delete it."},
		{CodeException, "warning", "An exception that applies to no loaded rule, or excludes nothing", "Name a loaded rule of the same log source; put what to except behind not."},
		{CodeChoice, "warning", "A choice or an override that no rule answers to", "Name an id, a tag or a file that some rule has."},
		{CodeAttack, "warning", "An ATT&CK tactic or technique that is not in the table", "Write it as ATT&CK Enterprise does."},
		{CodeOtherCategory, "note", "A part of a query on any event that is about events of other categories", "Nothing: on registry events this part is never true, the others are."},
	}
}
