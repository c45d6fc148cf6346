using System.IO.Pipelines;

namespace RaftStream.Hosting.Resp;

/// <summary>A connection's way out, for one at a time: the answers to its commands, and what a watch tells. Owned by the connection.</summary>
internal sealed class RespOutlet(PipeWriter output, CancellationToken gone) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Writes answers; only for whoever has the turn.</summary>
    public RespWriter Writer { get; } = new(output);

    /// <summary>Waits for the turn; disposing what comes back gives it away.</summary>
    public async ValueTask<Turn> EnterAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        return new(_turn);
    }

    /// <summary>Sends what was written; waits while the client does not read.</summary>
    /// <exception cref="IOException">The client has gone.</exception>
    public async ValueTask FlushAsync()
    {
        Writer.Taken();
        var flushed = await output.FlushAsync(gone);
        if (flushed.IsCompleted)
            throw new IOException("The client has gone.");
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>The turn of one writer.</summary>
    public readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => turn.Release();
    }
}
