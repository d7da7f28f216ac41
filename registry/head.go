package registry

// Heads returns the texts with which paths begin, in every spelling: hives,
// the kernel's roots, and HKEY_PERFORMANCE_DATA, which names no file. The slice
// is the caller's.
func Heads() []string {
	return []string{
		"HKLM", "HKEY_LOCAL_MACHINE", "HKU", "HKEY_USERS", "HKCU", "HKEY_CURRENT_USER", "HKCR", "HKEY_CLASSES_ROOT",
		"HKCC", "HKEY_CURRENT_CONFIG", "HKEY_PERFORMANCE_DATA",
		`\REGISTRY\MACHINE`, `\REGISTRY\USER`, `\REGISTRY\A`, `\REGISTRY\WC`,
		`REGISTRY\MACHINE`, `REGISTRY\USER`, `REGISTRY\A`, `REGISTRY\WC`, "MACHINE", "USER",
	}
}
