# Run by CPack between installing and packing: the files that a package has and an installation from source has not.
set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
set(doc ${root}/usr/share/doc/memdbd)
file(COPY ${CPACK_MEMDBD_SOURCE}/copyright DESTINATION ${doc} FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(WRITE ${doc}/changelog.Debian
"memdbd (${CPACK_MEMDBD_VERSION}) unstable; urgency=medium

  * Built from ${CPACK_MEMDBD_ORIGIN}.

 -- ${CPACK_PACKAGE_CONTACT}  ${CPACK_MEMDBD_DATE}
")
execute_process(COMMAND gzip -9nf ${doc}/changelog.Debian COMMAND_ERROR_IS_FATAL ANY)
file(CHMOD ${doc}/changelog.Debian.gz PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
if(CPACK_GENERATOR STREQUAL "DEB")
  file(MAKE_DIRECTORY ${root}/usr/share/lintian/overrides)
  configure_file(${CPACK_MEMDBD_SOURCE}/lintian-overrides ${root}/usr/share/lintian/overrides/memdbd COPYONLY)
endif()
