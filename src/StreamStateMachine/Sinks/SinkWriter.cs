namespace RaftStream.StreamStateMachine;

/// <summary>
/// One sink's files at one replica. Owned by the applying thread; it holds the file that is written open.
/// </summary>
/// <remarks>
/// Nothing is synced: a machine that starts makes all its files anew out of snapshot and log, so nothing rests on what a crash leaves here.
/// </remarks>
internal sealed class SinkWriter(IDisk disk, string job, string sink) : IDisposable
{
    private readonly SinkFileName _name = new(job, sink);
    private IDiskFile? _file;
    private long _generation;
    private long _oldest = 1;

    /// <summary>What the command under way gives the sink.</summary>
    public SinkLines Lines { get; } = new();

    /// <summary>Writes bytes at their place.</summary>
    /// <exception cref="IOException">The medium failed or is full; this replica cannot go on.</exception>
    public void Write(long generation, long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (_file is null || _generation != generation)
            {
                Close();
                _file = offset == 0 ? disk.Create(_name.Of(generation)) : disk.Open(_name.Of(generation));
                _generation = generation;
            }

            _file.Write(offset, bytes);
        }
        catch (IOException failure)
        {
            throw Failed(generation, "written", failure);
        }
    }

    /// <summary>Deletes the files before a generation. A view that was taken before has them open and goes on reading.</summary>
    /// <exception cref="IOException">The medium failed; this replica cannot go on.</exception>
    public void DropBefore(long generation)
    {
        if (_generation < generation)
            Close();
        for (; _oldest < generation; _oldest++)
        {
            try
            {
                disk.Delete(_name.Of(_oldest));
            }
            catch (IOException failure)
            {
                throw Failed(_oldest, "deleted", failure);
            }
        }
    }

    /// <summary>Takes over files that were restored, of which this one is the oldest.</summary>
    public void BeginAt(long generation) => _oldest = generation;

    /// <summary>Opens a file for a view.</summary>
    /// <exception cref="IOException">It is not there any more or cannot be read; this replica cannot go on.</exception>
    public CapturedFile Open(in SinkFile file)
    {
        try
        {
            return new(_name.Of(file.Generation), disk.Open(_name.Of(file.Generation)), file);
        }
        catch (IOException failure)
        {
            throw Failed(file.Generation, "opened", failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private void Close()
    {
        _file?.Dispose();
        (_file, _generation) = (null, 0);
    }

    private IOException Failed(long generation, string done, IOException failure) => new(
        $"The file '{_name.Of(generation)}' of sink '{sink}' cannot be {done}: {failure.Message.TrimEnd('.')}. Mend the disk or make room, and start this node again, which makes its files anew out of snapshot and log.",
        failure);
}
