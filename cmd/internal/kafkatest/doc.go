// Package kafkatest starts and stops a real Apache Kafka for tests. It needs
// Java 17 and Maven, and fails without them. The broker's jars come from Maven
// Central once and stay in the user's cache directory, a folder a version.
package kafkatest
