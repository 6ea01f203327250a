# For CMake in the lab's build of MySQL: precompiled headers for the two biggest parts of mysqld.
function(lab_precompile)
  foreach(target sql_main sql_dd rpl_replica binlog)
    if(TARGET ${target})
      target_precompile_headers(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${LAB_HEADERS}/sql.h>)
    endif()
  endforeach()
  # It includes a header without a guard, which it would see twice.
  set_source_files_properties(${CMAKE_SOURCE_DIR}/sql/engine_combination_tracker.cc TARGET_DIRECTORY sql_main
    PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  target_precompile_headers(innobase PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${LAB_HEADERS}/innobase.h>)
endfunction()
cmake_language(DEFER CALL lab_precompile)
