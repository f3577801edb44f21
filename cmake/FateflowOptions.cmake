# What every target is compiled with, and the switches the presets set.
option(FATEFLOW_TESTS "Build the unit tests" ON)
option(FATEFLOW_WERROR "Warnings are errors" OFF)
option(FATEFLOW_HARDEN "Hardening flags of a release" OFF)
set(FATEFLOW_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")
option(FATEFLOW_FUZZ "Build the fuzz targets (wants clang)" OFF)

# Asserts guard our own invariants and stay in a release.
foreach(type RELEASE RELWITHDEBINFO MINSIZEREL)
	string(REGEX REPLACE "[-/]DNDEBUG" "" CMAKE_C_FLAGS_${type}
		"${CMAKE_C_FLAGS_${type}}")
endforeach()

add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes
	-Wmissing-prototypes -Wformat=2 -Wswitch-enum -Wvla -Wpointer-arith
	-Wwrite-strings -fno-common)
add_compile_definitions(_GNU_SOURCE)

if(FATEFLOW_WERROR)
	add_compile_options(-Werror)
endif()
if(FATEFLOW_HARDEN)
	add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2
		-fPIE)
	add_link_options(-pie -Wl,-z,relro,-z,now)
endif()
if(FATEFLOW_SANITIZE)
	add_compile_options(-fsanitize=${FATEFLOW_SANITIZE}
		-fno-omit-frame-pointer -fno-sanitize-recover=all)
	add_link_options(-fsanitize=${FATEFLOW_SANITIZE})
endif()
