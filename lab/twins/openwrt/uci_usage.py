"""How `uci` wants to be called, in its own words."""

USAGE = """\
Usage: uci [<options>] <command> [<arguments>]

Commands:
	batch
	export     [<config>]
	import     [<config>]
	changes    [<config>]
	commit     [<config>]
	add        <config> <section-type>
	add_list   <config>.<section>.<option>=<string>
	del_list   <config>.<section>.<option>=<string>
	show       [<config>[.<section>[.<option>]]]
	get        <config>.<section>[.<option>]
	set        <config>.<section>[.<option>]=<value>
	delete     <config>[.<section>[[.<option>][=<id>]]]
	rename     <config>.<section>[.<option>]=<name>
	revert     <config>[.<section>[.<option>]]
	reorder    <config>.<section>=<position>

Options:
	-c <path>  set the search path for config files (default: /etc/config)
	-d <str>   set the delimiter for list values in uci show
	-f <file>  use <file> as input instead of stdin
	-m         when importing, merge data into an existing package
	-n         name unnamed sections on export (default)
	-N         don't name unnamed sections
	-p <path>  add a search path for config change files
	-P <path>  add a search path for config change files and use as default
	-t <path>  set save path for config change files
	-q         quiet mode (don't print error messages)
	-s         force strict mode (stop on parser errors, default)
	-S         disable strict mode
	-X         do not use extended syntax on 'show'

"""
# command -> least and most arguments
ARGUMENTS = {
    "batch": (0, 0), "export": (0, 1), "import": (0, 1), "changes": (0, 1), "commit": (0, 1),
    "add": (2, 2), "add_list": (1, 1), "del_list": (1, 1), "show": (0, 1), "get": (1, 1),
    "set": (1, 1), "delete": (1, 1), "del": (1, 1), "rename": (1, 1), "revert": (1, 1),
    "reorder": (1, 1),
}  # fmt: skip
