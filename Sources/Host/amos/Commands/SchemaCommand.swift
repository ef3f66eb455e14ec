import ArgumentParser
import DeviceSpec
import Foundation

extension DeviceSchema.Document: ExpressibleByArgument {}

/// `amos schema`: what an editor needs to complete and check device files.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of device, service or package files.",
        discussion: """
            EXAMPLES
              amos schema device > device.schema.json
              amos schema service > service.schema.json
              amos schema package > package.schema.json
            """)

    @Argument(help: "device, service or package.")
    var document: DeviceSchema.Document

    func run() throws {
        print(DeviceSchema.json(for: document))
    }
}
