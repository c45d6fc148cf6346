using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Operations;

/// <summary>What stands in a data folder where a file of the node should.</summary>
[TestFixture]
internal sealed class DataFolderTests
{
    private const string Snapshot = "snapshot-0000000000000039-0000000000000001.snap";

    [Test]
    public async Task AFolderInThePlaceOfASnapshotIsToldWithItsPathAndStays()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.File("data"), Snapshot);
        Directory.CreateDirectory(path);
        var refused = await StartAsync(folder);
        Assert.That((refused.ExitCode, refused.Error.Trim()), Is.EqualTo((64, $"raftstream: '{path}' is a folder, and a file of this replica has its name: move it away, put the file back if there was one, and start the node again; nothing was changed.")));
        Assert.That(Directory.GetFileSystemEntries(folder.File("data")).Select(Path.GetFileName), Is.EquivalentTo(new[] { ".lock", Snapshot }));
    }

    [Test]
    [Platform(Exclude = "Win", Reason = "Links need rights there.")]
    public async Task ASnapshotThatCannotBeOpenedIsToldWithItsPathAndStays()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("data"));

        // A link that leads nowhere cannot be opened by anybody, unlike a file without rights, which its owner or root can.
        var path = Path.Combine(folder.File("data"), Snapshot);
        File.CreateSymbolicLink(path, folder.File("nowhere"));
        var refused = await StartAsync(folder);
        Assert.That((refused.ExitCode, refused.ErrorLines.Length), Is.EqualTo((64, 1)), refused.Error);
        Assert.That(refused.Error, Does.StartWith($"raftstream: '{Snapshot}' cannot be opened (").And.Contain($"'{path}'").And.Contain("may read and write").And.EndsWith("nothing was changed.\n"));
        Assert.That(Directory.GetFileSystemEntries(folder.File("data")).Select(Path.GetFileName), Is.EquivalentTo(new[] { ".lock", Snapshot }));
    }

    private static Task<ProgramResult> StartAsync(TemporaryFolder folder) =>
        RaftStreamProgram.RunAsync(["node", "--id", "1", "--cluster", "1=127.0.0.1:7101", "--data", folder.File("data"), "--http", "127.0.0.1:0"]);
}
