# fateflow_embed(OUT TABLE file...) writes a C file OUT that holds the files as
# `const struct embed_file TABLE[]` (lib/base/embed.h), ended by a NULL name.
function(fateflow_embed out table)
	set(code "#include \"lib/base/embed.h\"\n\n")
	set(rows "")
	set(n 0)
	foreach(file IN LISTS ARGN)
		set_property(DIRECTORY APPEND PROPERTY
			CMAKE_CONFIGURE_DEPENDS ${file})
		get_filename_component(name ${file} NAME)
		file(READ ${file} hex HEX)
		string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
		string(APPEND code
			"static const char text_${n}[] = {${bytes}0};\n")
		string(APPEND rows "    {\"${name}\", text_${n}, "
			"sizeof(text_${n}) - 1},\n")
		math(EXPR n "${n} + 1")
	endforeach()
	string(APPEND code "\nconst struct embed_file ${table}[] = {\n${rows}"
		"    {0, 0, 0},\n};\n")
	file(CONFIGURE OUTPUT ${out} CONTENT "${code}" @ONLY)
endfunction()
