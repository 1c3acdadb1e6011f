# The .deb and the .rpm, from the install rules: settings for CPack, which scripts/package runs and gives the version.
# A maintainer script is its file beside this one with steps.sh in place of the line that sources it.
set(PACKAGE_SOURCE ${CMAKE_CURRENT_LIST_DIR})
set(PACKAGE_SCRIPTS ${CMAKE_BINARY_DIR}/package)
file(READ ${PACKAGE_SOURCE}/steps.sh PACKAGE_STEPS)

function(maintainer_script source name)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PACKAGE_SOURCE}/${source} ${PACKAGE_SOURCE}/steps.sh)
  file(READ ${PACKAGE_SOURCE}/${source} text)
  string(REPLACE "# shellcheck source-path=SCRIPTDIR source=steps.sh\n. \"$(dirname \"$0\")/steps.sh\"\n" "\n${PACKAGE_STEPS}\n" text "${text}")
  file(CONFIGURE OUTPUT ${PACKAGE_SCRIPTS}/${name} CONTENT "${text}" @ONLY)
  file(CHMOD ${PACKAGE_SCRIPTS}/${name} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)
endfunction()
foreach(script postinst prerm postrm)
  maintainer_script(${script}.sh ${script})
endforeach()
foreach(script post preun postun)
  maintainer_script(rpm_${script}.sh rpm_${script})
endforeach()
file(WRITE ${PACKAGE_SCRIPTS}/conffiles "/etc/memdbd/memdbd.toml\n")
file(CHMOD ${PACKAGE_SCRIPTS}/conffiles PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

set(CPACK_PACKAGE_NAME memdbd)
set(CPACK_PACKAGE_VENDOR "memdbd maintainers")
set(CPACK_PACKAGE_CONTACT "memdbd maintainers <maintainers@memdbd.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "proven connection to Amazon MemoryDB through AWS Client VPN")
set(CPACK_PACKAGE_DESCRIPTION
"Amazon MemoryDB has no public address; from a laptop the way in is AWS Client
VPN with certificates, openvpn and an edited configuration. memdbd supervises
openvpn, proves that every node of the cluster answers PING over TLS, names the
cause when one does not, and rotates keys without losing the way in.
.
memdbctl, the client, shows and steers it, and makes the Client VPN of a
cluster from an AWS account.")
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
# The install rules name /etc beside /usr, so files go below DESTDIR as they would go below /.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
# What only a package has: copyright, changelog, overrides.
set(CPACK_PRE_BUILD_SCRIPTS ${PACKAGE_SOURCE}/package_files.cmake)
set(CPACK_MEMDBD_SOURCE ${PACKAGE_SOURCE})

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# Each of the alternatives makes users and folders; the first is what makes it a service that starts at boot.
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "openvpn (>= 2.6), systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "easy-rsa (>= 3.1)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "awscli, polkitd, systemd-resolved")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PACKAGE_SCRIPTS}/postinst ${PACKAGE_SCRIPTS}/prerm ${PACKAGE_SCRIPTS}/postrm ${PACKAGE_SCRIPTS}/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
foreach(when POST PREUN POSTUN)
  set(CPACK_RPM_PACKAGE_REQUIRES_${when} systemd)
endforeach()
string(REPLACE "\n.\n" "\n\n" CPACK_RPM_PACKAGE_DESCRIPTION "${CPACK_PACKAGE_DESCRIPTION}")
set(CPACK_RPM_PACKAGE_LICENSE Apache-2.0)
set(CPACK_RPM_PACKAGE_GROUP "System Environment/Daemons")
set(CPACK_RPM_PACKAGE_REQUIRES "openvpn >= 2.6, systemd")
set(CPACK_RPM_SPEC_MORE_DEFINE "%define _build_id_links none\nRecommends: easy-rsa >= 3.1\nSuggests: awscli\nSuggests: polkit\nSuggests: systemd-resolved")
# Folders that other packages have too.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /usr/sbin /usr/lib/systemd /usr/lib/systemd/system /usr/lib/systemd/user
  /usr/lib/systemd/system-preset /usr/lib/sysusers.d /usr/lib/tmpfiles.d /usr/lib/modules-load.d
  /usr/share/man /usr/share/man/man1 /usr/share/man/man5 /usr/share/man/man8 /usr/share/polkit-1 /usr/share/polkit-1/rules.d
  /usr/share/bash-completion /usr/share/bash-completion/completions /usr/share/zsh /usr/share/zsh/vendor-completions
  /usr/share/fish /usr/share/fish/vendor_completions.d)
set(CPACK_RPM_USER_FILELIST "%config(noreplace) /etc/memdbd/memdbd.toml")
set(CPACK_RPM_POST_INSTALL_SCRIPT_FILE ${PACKAGE_SCRIPTS}/rpm_post)
set(CPACK_RPM_PRE_UNINSTALL_SCRIPT_FILE ${PACKAGE_SCRIPTS}/rpm_preun)
set(CPACK_RPM_POST_UNINSTALL_SCRIPT_FILE ${PACKAGE_SCRIPTS}/rpm_postun)
include(CPack)
