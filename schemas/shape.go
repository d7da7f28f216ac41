package schemas

// A Shape is one of the ways in which shippers write a registry event. Its
// String is the name that metrics, alerts and statistics carry.
type Shape uint8

const (
	ShapeUnknown       Shape = iota // not told yet: the record could not be read, or is no event
	ShapeElasticDefend              // elastic_defend
	ShapeSysmonModule               // sysmon_module: Winlogbeat's or Elasticsearch's Sysmon module
	ShapeWinlogbeat                 // winlogbeat: Winlogbeat 7 and 8, Elastic Agent, no module
	ShapeWinlogbeat6                // winlogbeat6
	ShapeNXLog                      // nxlog
	ShapeFlat                       // flat
	ShapeEVTX                       // evtx: evtx_dump and its like, EVTX as JSON
	ShapeMinimal                    // sysmon_minimal: Sysmon's fields and an id, nothing else

	numShapes
)
