//! Answers, as RDS writes them.

use std::fmt::Write as _;

use super::world::{Instance, Snapshot};

pub(crate) fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
}

pub(crate) fn result(action: &str, inside: &str) -> String {
    format!(
        "<{action}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{action}Result>{inside}</{action}Result>\
         <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
    )
}

pub(crate) fn instance(instance: &Instance) -> String {
    let mut xml = String::from("<DBInstance>");
    for (name, value) in &instance.elements {
        let _ = write!(xml, "<{name}>{value}</{name}>");
    }
    let status = &instance.elements["DBInstanceStatus"];
    if status != "creating" {
        let id = &instance.elements["DBInstanceIdentifier"];
        let _ = write!(
            xml,
            "<Endpoint><Address>{id}.abc.eu-north-1.rds.amazonaws.com</Address><Port>{}</Port></Endpoint>",
            instance.port
        );
    }
    let _ = write!(
        xml,
        "<DBSubnetGroup><DBSubnetGroupName>{}</DBSubnetGroupName><VpcId>vpc-1</VpcId></DBSubnetGroup>\
         <DBParameterGroups><DBParameterGroup><DBParameterGroupName>{}</DBParameterGroupName><ParameterApplyStatus>{}</ParameterApplyStatus>\
         </DBParameterGroup></DBParameterGroups><OptionGroupMemberships><OptionGroupMembership><OptionGroupName>{}</OptionGroupName>\
         <Status>{}</Status></OptionGroupMembership></OptionGroupMemberships>",
        instance.subnet_group,
        instance.parameter_group.0,
        instance.parameter_group.1,
        instance.option_group.0,
        instance.option_group.1
    );
    xml.push_str("<VpcSecurityGroups>");
    for group in &instance.security_groups {
        let _ = write!(
            xml,
            "<VpcSecurityGroupMembership><VpcSecurityGroupId>{group}</VpcSecurityGroupId><Status>active</Status></VpcSecurityGroupMembership>"
        );
    }
    xml.push_str("</VpcSecurityGroups><EnabledCloudwatchLogsExports>");
    for log in &instance.logs {
        let _ = write!(xml, "<member>{log}</member>");
    }
    xml.push_str("</EnabledCloudwatchLogsExports>");
    xml.push_str(&tags(&instance.tags));
    xml.push_str("</DBInstance>");
    xml
}

pub(crate) fn snapshot(id: &str, snapshot: &Snapshot) -> String {
    let (status, percent) = snapshot.stands();
    let mut xml = format!(
        "<DBSnapshot><DBSnapshotIdentifier>{id}</DBSnapshotIdentifier><Status>{status}</Status><PercentProgress>{percent}</PercentProgress>"
    );
    for (name, value) in &snapshot.elements {
        let _ = write!(xml, "<{name}>{value}</{name}>");
    }
    xml + &tags(&snapshot.tags) + "</DBSnapshot>"
}

fn tags(tags: &std::collections::BTreeMap<String, String>) -> String {
    let all: String =
        tags.iter().map(|(key, value)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>")).collect();
    format!("<TagList>{all}</TagList>")
}

impl Snapshot {
    /// Its status and how much is made.
    pub(crate) fn stands(&self) -> (&str, u8) {
        match self.progress.front() {
            Some(percent) => ("creating", *percent),
            None => (self.ends, if self.ends == "available" { 100 } else { 0 }),
        }
    }
}
