# fateflow_room(NAME [LINK target...])
#   A library ff_NAME of every .c file of the calling folder (and, with
#   RECURSE, of those below). An empty room is an interface library, so
#   that its users need not know.
function(fateflow_room name)
	cmake_parse_arguments(R "RECURSE" "" "LINK" ${ARGN})
	if(R_RECURSE)
		file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.c)
	else()
		file(GLOB sources CONFIGURE_DEPENDS *.c)
	endif()
	list(FILTER sources EXCLUDE REGEX "/main\\.c$")
	if(sources)
		add_library(ff_${name} STATIC ${sources})
		target_include_directories(ff_${name}
			PUBLIC ${CMAKE_SOURCE_DIR}
			PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
		target_link_libraries(ff_${name} PUBLIC ${R_LINK})
	else()
		add_library(ff_${name} INTERFACE)
		target_include_directories(ff_${name}
			INTERFACE ${CMAKE_SOURCE_DIR})
		target_link_libraries(ff_${name} INTERFACE ${R_LINK})
	endif()
endfunction()

# fateflow_program(NAME ROOM) builds ROOM's main.c against ff_ROOM.
function(fateflow_program name room)
	if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/main.c)
		add_executable(${name} main.c)
		target_link_libraries(${name} PRIVATE ff_${room})
		install(TARGETS ${name} RUNTIME)
	endif()
endfunction()
