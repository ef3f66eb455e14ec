import ArgumentParser
import DeviceSpec
import Foundation

extension DeviceSchema.Document: ExpressibleByArgument {}

/// `amos schema`: what an editor needs to complete and check device files.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of device or service files.",
        discussion: """
            EXAMPLES
              amos schema device > device.schema.json
              amos schema service > service.schema.json
            """)

    @Argument(help: "device or service.")
    var document: DeviceSchema.Document

    func run() throws {
        print(DeviceSchema.json(for: document))
    }
}
