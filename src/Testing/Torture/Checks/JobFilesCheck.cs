using System.Text;

namespace RaftStream.Testing;

/// <summary>The files of sinks: every node has the same ones, byte for byte, and they are those of the evaluated lines, cut where the topology says.</summary>
internal static class JobFilesCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "files";

    /// <summary>Where a node keeps them, in its data folder.</summary>
    public const string FolderName = "sinks";

    /// <summary>Checks the files of a job.</summary>
    /// <param name="evaluation">What must be in them.</param>
    /// <param name="folders">The data folders of the nodes that were members at last; none of them runs.</param>
    public static RunCheck Check(JobEvaluation evaluation, IReadOnlyDictionary<int, string> folders) => RunHistories.Timed(evaluation.Job.Name, Checker, () => Find(evaluation, folders));

    private static (Verdict Verdict, string Detail) Find(JobEvaluation evaluation, IReadOnlyDictionary<int, string> folders)
    {
        if (folders.Count == 0)
            return (Verdict.Undecided, "No node told at last that it is there, so nobody's files can be looked at.");
        var expected = evaluation.Job.FileSinks.SelectMany(sink => FilesOf(evaluation, sink)).ToDictionary(static file => file.Name, static file => file.Bytes, StringComparer.Ordinal);
        foreach (var (node, folder) in folders)
        {
            if (ProblemOf(node, Path.Combine(folder, FolderName), evaluation.Job.Name, expected) is { } problem)
                return (Verdict.Illegal, problem);
        }

        return (Verdict.Linearizable, $"{expected.Values.Sum(static bytes => (long)bytes.Length)} bytes in {expected.Count} files are the same on {folders.Count} nodes, and as evaluated.");
    }

    private static string? ProblemOf(int node, string folder, string job, Dictionary<string, byte[]> expected)
    {
        var found = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, job + "-*").Select(static file => Path.GetFileName(file)!).ToHashSet(StringComparer.Ordinal) : [];
        if (found.Except(expected.Keys, StringComparer.Ordinal).FirstOrDefault() is { } odd)
            return $"Node {node} has a file {odd}, which must not be there.";
        foreach (var (name, bytes) in expected)
        {
            if (!found.Contains(name))
                return $"Node {node} lacks the file {name}, of {bytes.Length} bytes.";
            var own = File.ReadAllBytes(Path.Combine(folder, name));
            var same = own.AsSpan().CommonPrefixLength(bytes);
            if (same < Math.Max(own.Length, bytes.Length))
                return $"The file {name} of node {node} has {own.Length} bytes and must have {bytes.Length}; they differ from byte {same} on.";
        }

        return null;
    }

    /// <summary>The newest files of a sink: a line that would make its file too large begins the next one.</summary>
    private static IEnumerable<(string Name, byte[] Bytes)> FilesOf(JobEvaluation evaluation, int sink)
    {
        var options = evaluation.Job.Spec.Ops[sink].Files!;
        var files = new List<List<byte>>();
        foreach (var line in evaluation.LinesOf(sink).Select(Encoding.UTF8.GetBytes))
        {
            if (files.Count == 0 || files[^1].Count + line.Length > options.RotateBytes)
                files.Add([]);
            files[^1].AddRange(line);
        }

        var names = new SinkFileName(evaluation.Job.Name, JobSpec.NameOf(sink));
        return files.Select((bytes, place) => (names.Of(place + 1), bytes.ToArray())).TakeLast(options.Keep);
    }
}
