// swift-tools-version: 6.2
import PackageDescription

let package = Package(name: "notes", targets: [.executableTarget(name: "notes")])
