import Foundation

/// JSON Schemas (draft 2020-12) that let editors complete and check device, service and package files.
///
/// They come from the key tables that the reader uses. A schema sees one file: what needs several (names of
/// services and users, cycles, sizes against each other) is left to `amos build`.
public enum DeviceSchema {
    public enum Document: String, Sendable, CaseIterable { case device, service, package }

    /// The same text for the same tables: sorted keys, a line break at the end.
    public static func json(for document: Document = .device) -> String {
        var root: [String: Any]
        switch document {
        case .device:
            root = schema(of: DeviceKeys.device)
            root["title"] = "An Amos device file"
            // What a device lacks must come from the one that it extends.
            root["anyOf"] = [["required": ["extends"]], completeness(of: DeviceKeys.device)]
            root["$defs"] = ["variant": schema(of: DeviceKeys.layer)]
        case .service:
            root = schema(of: ServiceKeys.service)
            root["title"] = "An Amos service file"
        case .package:
            root = schema(of: PackageKeys.package)
            root["title"] = "An Amos package file"
        }
        root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        let options: JSONSerialization.WritingOptions = [
            .prettyPrinted, .sortedKeys, .withoutEscapingSlashes,
        ]
        guard let data = try? JSONSerialization.data(withJSONObject: root, options: options) else {
            preconditionFailure("the key tables hold something that JSON cannot express")
        }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    private static func schema(of table: KeyTable) -> [String: Any] {
        var properties: [String: Any] = [:]
        for key in table.keys {
            var property = schema(of: key.shape)
            property["description"] = key.summary
            properties[key.name] = property
        }
        var object: [String: Any] = [
            "type": "object", "properties": properties, "additionalProperties": false,
        ]
        let required = table.keys.filter { $0.presence == .required }.map(\.name)
        if !required.isEmpty { object["required"] = required }
        return object
    }

    private static func schema(of shape: Shape) -> [String: Any] {
        switch shape {
        case .text(let rule): ["type": "string", "pattern": rule.pattern]
        case .integer(let range):
            ["type": "integer", "minimum": range.lowerBound, "maximum": range.upperBound]
        case .boolean: ["type": "boolean"]
        case .choice(let words): ["enum": words]
        case .list(let element, let mayRepeat):
            ["type": "array", "items": schema(of: element), "uniqueItems": !mayRepeat]
        case .map(let table):
            table.title == DeviceKeys.layer.title ? ["$ref": "#/$defs/variant"] : schema(of: table)
        case .dictionary(_, let keys, let values):
            [
                "type": "object", "propertyNames": ["pattern": keys.pattern],
                "additionalProperties": schema(of: values),
            ]
        case .either(let words, let table): ["anyOf": [["enum": words], schema(of: table)]]
        case .anyOf(let shapes): ["anyOf": shapes.map { schema(of: $0) }]
        }
    }

    /// What must be there when nothing is inherited.
    private static func completeness(of table: KeyTable) -> [String: Any] {
        var properties: [String: Any] = [:]
        var required: [String] = []
        for key in table.keys {
            if key.presence == .requiredFinally { required.append(key.name) }
            guard case .map(let inner) = key.shape, key.presence != .optional else { continue }
            properties[key.name] = completeness(of: inner)
        }
        return ["required": required, "properties": properties]
    }
}
