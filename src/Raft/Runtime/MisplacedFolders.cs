using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>Folders that stand in a data folder where a file of the replica should: by a mount that was mistaken, or a file that was put back with its folder around it.</summary>
internal static class MisplacedFolders
{
    /// <summary>Looks for one.</summary>
    /// <remarks><b>Safety.</b> A list of files passes it over: the replica would start as if it had never written that file, and remove what only that one needs.</remarks>
    /// <exception cref="ReplicaException">There is one: where, and what to do.</exception>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static void Refuse(string dataFolder)
    {
        foreach (var path in FoldersIn(dataFolder))
        {
            var name = Path.GetFileName(path);
            if (Segment.TryParse(name, out _) || SnapshotFile.TryParse(name, out _) || name.EndsWith(SnapshotFile.PartSuffix, StringComparison.Ordinal) || name.EndsWith(OutboxFile.Suffix, StringComparison.Ordinal))
                throw new ReplicaException($"'{path}' is a folder, and a file of this replica has its name: move it away, put the file back if there was one, and start the node again; nothing was changed.");
        }
    }

    private static string[] FoldersIn(string dataFolder)
    {
        try
        {
            return Directory.GetDirectories(Path.GetFullPath(dataFolder));
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new IOException($"'{dataFolder}' cannot be read: {refused.Message}", refused);
        }
    }
}
