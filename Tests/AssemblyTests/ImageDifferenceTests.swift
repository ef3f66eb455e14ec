import DiskImage
import Foundation
import Slots
import Testing

@testable import Assembly

@Suite struct ImageDifferenceTests {
    private let folder = TemporaryFolder()
    private let store: SigningKeyStore
    private let key: SigningKey

    init() throws {
        store = SigningKeyStore(folder: folder.file("keys"))
        key = try store.create("acme")
    }

    private func compare(_ change: (inout SampleImage) -> Void) throws -> ImageDifference {
        let first = try SampleImage().write("first", in: folder, key: key)
        var image = SampleImage()
        change(&image)
        let second = try image.write("second", in: folder, key: key)
        return try ImageComparer(inspector: Inspector(keys: store)).compare(first, second)
    }

    @Test func equalImagesAreTheSame() throws {
        let difference = try compare { _ in }
        #expect(difference.isEmpty)
        #expect(difference.mostTelling == nil)
        #expect(difference.problems == [])
    }

    @Test func namesFiles() throws {
        let difference = try compare { image in
            image.files[0] = SampleImage.file("etc/hosts", "127.0.0.1 localhosT\n")
            image.files[1].mode = 0o755
            image.files[1].userID = 12
            image.files[2] = SampleImage.file("new", "12345")
        }
        let files = Dictionary(
            difference.files.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
        // Slot b holds the same, which is not said twice.
        #expect(difference.files.map(\.subject) == ["/bin", "/etc/hosts", "/new", "/usr/bin/tool"])
        #expect(files["/bin"]?.kind == .removed)
        #expect(files["/new"]?.kind == .added && files["/new"]?.byteDelta == 5)
        // Same size, other content: only reading tells.
        #expect(files["/etc/hosts"]?.details.map(\.property) == ["content"])
        #expect(files["/usr/bin/tool"]?.details.map(\.property) == ["mode", "owner"])
        #expect(difference.totals == .init(added: 1, removed: 1, changed: 2, byteDelta: 5))
        #expect(difference.mostTelling?.area == "file")
    }

    @Test func seesLinkTargets() throws {
        let difference = try compare { $0.files[2].kind = .symbolicLink(target: "usr/sbi") }
        #expect(difference.files.first?.text == "/bin (target usr/bin → usr/sbi)")
    }

    @Test func looksIntoTheInitramfs() throws {
        let difference = try compare { $0.initramfs[0] = SampleImage.file("init", "stage 2") }
        let change = try #require(difference.files.first)
        #expect(difference.files.count == 1)
        #expect(change.subject == "/init" && change.place == "initramfs of boot_a")
        #expect(difference.bootImages.first?.details.map(\.property) == ["initramfs"])
        #expect(difference.partitions.map(\.subject) == ["boot_a", "boot_b"])
    }

    @Test func namesBootFieldsAndSlots() throws {
        let difference = try compare { image in
            image.rollbackIndex = 8
            image.isDebuggable = false
            var metadata = SlotMetadata.load(misc: image.misc.span).metadata
            metadata.a.isSuccessful = true
            let write = metadata.nextWrite()
            image.misc.replaceSubrange(write.offset..<write.offset + write.bytes.count, with: write.bytes)
        }
        #expect(difference.bootImages.first?.details.map(\.property) == ["rollback index", "variant"])
        #expect(difference.slotMetadata.map(\.subject) == ["slot a", "metadata"])
        #expect(difference.files == [])
    }

    /// What no structure explains is still a difference.
    @Test func comparesEveryByte() throws {
        let first = try SampleImage().write("first", in: folder, key: key)
        let second = try SampleImage().write("second", in: folder, key: key)
        try patch(second, at: (1 << 20) + 12_345, with: [1])
        let difference = try ImageComparer(inspector: Inspector(keys: store)).compare(first, second)
        let change = try #require(difference.partitions.first)
        #expect(difference.partitions.count == 1 && change.subject == "esp")
        #expect(change.differingBytes == 1 && change.firstDifference == 12_345)
    }

    @Test func refusesDifferentKinds() throws {
        let disk = try SampleImage().write("first", in: folder, key: key)
        #expect(throws: InspectionError.self) {
            try ImageComparer(inspector: Inspector(keys: store)).compare(disk, folder.file("first.boot"))
        }
    }

    @Test(
        arguments: [
            (#"{"a": 1, "b": [1, 2]}"#, #"{"a": 1, "b": [1, 2]}"#, nil),
            (#"{"a": 1, "b": [1, 2]}"#, #"{"a": 1, "b": [1, 3]}"#, "b[1]: 2 → 3"),
            (
                #"{"f": [{"path": "/x", "size": 1}]}"#, #"{"f": [{"path": "/x", "size": 2}]}"#,
                "f[/x].size: 1 → 2"
            ),
            (#"{"f": [{"name": "x"}]}"#, #"{"f": []}"#, "f[x]: "),
            (#"{"a": "x"}"#, #"{"a": "x", "b": "y"}"#, "b: absent → y"),
        ] as [(String, String, String?)])
    func namesTheFirstField(before: String, after: String, expected: String?) throws {
        let first = folder.write(Array(before.utf8), to: "1.json")
        let second = folder.write(Array(after.utf8), to: "2.json")
        let found = try JSONDifference.first(first, second)
        if let expected {
            #expect(found?.hasPrefix(expected) == true, "\(found ?? "nothing")")
        } else {
            #expect(found == nil)
        }
    }
}
