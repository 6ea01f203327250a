#!/usr/bin/env python3
"""moto.py ENDPOINT make        an instance "events" whose settings are no defaults, with its groups; and "other", of PostgreSQL
moto.py ENDPOINT show ID     prints what RDS says of an instance, as JSON

A client that others have written: it sees what hwdr has done.
"""
import json
import sys

import boto3

endpoint, what, *rest = sys.argv[1:]
clients = {name: boto3.client(name, endpoint_url=endpoint, region_name="eu-north-1") for name in ("rds", "ec2")}
rds, ec2 = clients["rds"], clients["ec2"]


def make():
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{zone}.0/24", AvailabilityZone=f"eu-north-1{'ab'[zone]}")["Subnet"]["SubnetId"]
               for zone in range(2)]
    group = ec2.create_security_group(GroupName="events", Description="events", VpcId=vpc)["GroupId"]
    rds.create_db_subnet_group(DBSubnetGroupName="private", DBSubnetGroupDescription="private", SubnetIds=subnets)
    rds.create_db_parameter_group(DBParameterGroupName="events-10-6", DBParameterGroupFamily="mariadb10.6", Description="events")
    rds.create_option_group(OptionGroupName="events-audit", EngineName="mariadb", MajorEngineVersion="10.6", OptionGroupDescription="audit")
    rds.create_db_instance(
        DBInstanceIdentifier="events", Engine="mariadb", EngineVersion="10.6.20", DBInstanceClass="db.r6g.large", AllocatedStorage=400,
        StorageType="gp3", Iops=12000, StorageThroughput=500, MaxAllocatedStorage=1000, MasterUsername="root", MasterUserPassword="not-a-secret",
        DBSubnetGroupName="private", VpcSecurityGroupIds=[group], DBParameterGroupName="events-10-6", OptionGroupName="events-audit",
        MultiAZ=True, PubliclyAccessible=False, Port=3307, DeletionProtection=True, BackupRetentionPeriod=7,
        PreferredBackupWindow="03:00-03:30", PreferredMaintenanceWindow="sun:05:00-sun:06:00", CACertificateIdentifier="rds-ca-rsa4096-g1",
        EnableIAMDatabaseAuthentication=True, CopyTagsToSnapshot=True, EnableCloudwatchLogsExports=["error"], StorageEncrypted=True,
        KmsKeyId="arn:aws:kms:eu-north-1:123456789012:key/events", MonitoringInterval=60,
        MonitoringRoleArn="arn:aws:iam::123456789012:role/monitoring", Tags=[{"Key": "team", "Value": "data"}])
    rds.create_db_instance(DBInstanceIdentifier="other", Engine="postgres", EngineVersion="16.4", DBInstanceClass="db.t4g.small",
                           AllocatedStorage=20, MasterUsername="root", MasterUserPassword="not-a-secret")


def show(instance):
    print(json.dumps(rds.describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"][0], default=str))


{"make": make, "show": show}[what](*rest)
