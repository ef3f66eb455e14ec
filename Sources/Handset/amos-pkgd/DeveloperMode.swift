import LinuxSystem
import Packages
import Wire

/// Whether the owner lets developers in: a file on data that only root can make. Whoever writes it without
/// being root here, with the disk in another machine, gains nothing by it where the policy, which comes with
/// the signed image, does not offer it.
struct DeveloperMode {
    private let file: String

    init(_ file: String) { self.file = file }

    var isOn: Bool { Directory.exists(file) }

    /// `on`, `off`, or nothing.
    func change(_ word: String, _ policy: InstallPolicy) throws(PackageError) {
        if word.utf8.isEmpty { return }
        let isOn = UTF8Text.equal(word, "on")
        guard isOn || UTF8Text.equal(word, "off") else {
            throw .policy("developer mode is on or off, and not '" + word + "'")
        }
        guard !isOn || policy.offersDeveloperMode else {
            throw .policy(
                "this handset has no developer mode; its manufacturer's device file decides "
                    + "(package-policy: {developer-mode: owner})")
        }
        do throws(SystemCallError) {
            if isOn {
                try Directory.replaceFile(file, with: Array("on\n".utf8))
            } else if self.isOn {
                try Directory.unlink(file)
            }
            try FileDescriptor.open(Directory.parent(of: file), [.readOnly, .directory]).synchronize()
        } catch {
            throw .store(what: "change developer mode", .failed(error.description))
        }
        Output.say("developer mode is " + word)
    }
}

extension PackageDocuments {
    static func developerMode(isOn: Bool, _ policy: InstallPolicy) -> [UInt8] {
        document { json in
            json.beginObject()
            json.field("developer_mode", isOn && policy.offersDeveloperMode)
            json.field("is_offered", policy.offersDeveloperMode)
            json.field("sideload", policy.sideload.name)
            json.endObject()
        }
    }
}
