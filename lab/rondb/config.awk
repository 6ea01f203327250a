# Makes RonDB's config.ini one that NDB takes. What RonDB alone knows goes; so do the sections of nodes that are not active, which NDB would
# wait for. NDB has no memory settings of its own choosing: it gets a small one.
function flush() {
  if (!inactive) printf "%s", section
  section = ""
  inactive = 0
}
/^[ \t]*\[/ { flush() }
{
  name = tolower($0)
  sub(/=.*/, "", name)
  gsub(/[ \t]/, "", name)
}
name == "nodeactive" { if ($0 ~ /=[ \t]*0/) inactive = 1; next }
name ~ /^(automaticmemoryconfig|totalmemoryconfig|activateratelimits|replicationmemory|schemamemory|osstaticoverhead|oscpuoverhead)$/ { next }
name ~ /^(useonlyipv4|maxnoofschemaobjects|fullrestartlogs|initiallogfilegroup|initialtablespace|datamemory)$/ { next }
name == "noofreplicas" { $0 = "NoOfReplicas=2" }
{ section = section $0 "\n" }
/^[ \t]*\[NDBD DEFAULT\]/ { section = section "DataMemory=80M\n" }
END { flush() }
