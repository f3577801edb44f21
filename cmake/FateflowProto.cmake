# fateflow_protos(TARGET PACKAGE proto...) makes TARGET, a library of the C that
# protoc-c writes of the definitions. Their package's long name is swapped for
# PACKAGE on the way, so that C sees Model__LRModelParam; names are not part of
# the packed bytes.
function(fateflow_protos target package)
	set(generated)
	set(dir ${CMAKE_CURRENT_BINARY_DIR})
	foreach(proto IN LISTS ARGN)
		get_filename_component(stem ${proto} NAME_WE)
		set(out ${dir}/${stem}.pb-c)
		set(short ${dir}/proto/${stem}.proto)
		file(READ ${proto} text)
		string(REGEX REPLACE "\npackage [^\n]*" "\npackage ${package};"
			text "${text}")
		file(CONFIGURE OUTPUT ${short} CONTENT "${text}" @ONLY)
		set_property(DIRECTORY APPEND PROPERTY
			CMAKE_CONFIGURE_DEPENDS ${proto})
		add_custom_command(OUTPUT ${out}.c ${out}.h
			COMMAND ${PROTOC_C} --c_out=${dir} -I${dir}/proto
				${short}
			DEPENDS ${short} VERBATIM)
		list(APPEND generated ${out}.c)
	endforeach()
	add_library(${target} STATIC ${generated})
	target_compile_options(${target} PRIVATE -w)
	target_include_directories(${target} PUBLIC ${dir})
	target_link_libraries(${target} PUBLIC PkgConfig::PROTOBUFC)
endfunction()
