/// Apps' own data. A set names a folder for each app; another version of an app gets a copy of the folder
/// under the number of its set, made before the switch. The old folder stays as it was for as long as the old
/// set does: going back is one rename, for the data as well.
extension PackageEngine {
    /// Makes the folders that `next` names and the installed set does not. Returns what the set is then: an
    /// app with more data than is copied goes on with what it has.
    func prepareData(for next: Generation) throws(PackageError) -> Generation {
        var result = next
        for package in next.packages where package.kind.runs {
            let before = current[package.id].flatMap { $0.kind.runs ? $0.data : nil }
            let old = before ?? current.claim(of: package.id)?.data
            guard old != package.data else { continue }
            let folder = StoredData(package.id, package.data)
            // What comes back from an older set is there already, unless somebody has asked to remove it.
            guard let old, package.data == next.number else {
                try attempt("make the data folder of " + package.id.text) { () throws(StoreProblem) in
                    try store.makeData(folder, user: package.user)
                }
                continue
            }
            let isCopied = try attempt("copy the data of " + package.id.text) { () throws(StoreProblem) in
                try store.copyData(.init(package.id, old), to: folder, user: package.user)
            }
            if !isCopied { result = result.sharing(old, of: package.id) }
        }
        return result
    }

    /// Data folders that nobody needs: all of an id that belongs to nobody any more, and copies that no kept
    /// set names.
    func unneededData(_ contents: StoreContents) throws(StoreProblem) -> [(id: String, name: String?)] {
        var unneeded: [(id: String, name: String?)] = []
        for text in try store.dataNames(in: nil) {
            guard let id = PackageID(text), current.owner(of: id) != nil else {
                unneeded.append((text, nil))
                continue
            }
            for name in try store.dataNames(in: text) {
                let isNeeded = UInt64(name).map { contents.needsData(.init(id, $0)) } ?? false
                if !isNeeded { unneeded.append((text, name)) }
            }
        }
        return unneeded
    }
}
