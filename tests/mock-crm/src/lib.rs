//! Mock CRM.
