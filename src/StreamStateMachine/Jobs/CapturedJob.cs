namespace RaftStream.StreamStateMachine;

/// <summary>A job at a capture: its entries, and its sinks' files, which are open until this is disposed.</summary>
/// <param name="Job">The job.</param>
/// <param name="Tree">Its state.</param>
/// <param name="Files">The files of its sinks, in the order in which a snapshot has them.</param>
internal sealed record CapturedJob(Job Job, FrozenTree Tree, IReadOnlyList<CapturedFile> Files) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in Files)
            file.Dispose();
    }
}
