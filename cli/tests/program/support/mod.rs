//! What the tests share.

pub mod faulty_aws;
pub mod localstack;
pub mod mariadb;
pub mod memory_service;
pub mod program;
pub mod records;
pub mod report;
pub mod terminal;
