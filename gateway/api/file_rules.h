// Parameters of files and of the links to them.
#pragma once

#include "gateway/api/lists.h"

namespace gateway::api {

// Those that a file can be uploaded for, and those that one can have.
inline constexpr std::string_view upload_purposes[] = {"account_requirement", "additional_verification",
                                                       "business_icon",       "business_logo",
                                                       "dispute_evidence",    "identity_document"};
inline constexpr std::string_view file_purposes[] = {
    "account_requirement", "additional_verification", "business_icon",    "business_logo",
    "dispute_evidence",    "finance_report_run",      "identity_document"};

inline constexpr Rule file_link_data_rules[] = {boolean("create").needed(), integer("expires_at").unset(),
                                                metadata()};
// `file` holds what form_of puts in the place of the upload.
inline constexpr Rule create_file_rules[] = {text("file").needed(),
                                             choice("purpose", upload_purposes).needed(),
                                             hash("file_link_data", file_link_data_rules), list("expand")};
inline constexpr Rule list_files_rules[] = {PORTCULLIS_LIST_RULES, range("created"),
                                            choice("purpose", file_purposes)};

inline constexpr Rule create_file_link_rules[] = {text("file").needed(), integer("expires_at").unset(),
                                                  metadata(), list("expand")};
// expires_at is a time, or "now".
inline constexpr Rule update_file_link_rules[] = {text("expires_at", 20).unset(), metadata(), list("expand")};
inline constexpr Rule list_file_links_rules[] = {PORTCULLIS_LIST_RULES, range("created"), boolean("expired"),
                                                 text("file")};

}  // namespace gateway::api
