namespace RaftStream.Raft.Runtime;

/// <summary>A request whose caller waits asynchronously. A caller that gives up is told at once that the outcome is unknown.</summary>
internal sealed class AsyncRequest : ClientRequest
{
    private readonly TaskCompletionSource<Answer> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AsyncRequest(RequestKind kind, ReadOnlyMemory<byte> payload, EntryKind entryKind = EntryKind.Command) =>
        (Kind, Payload, EntryKind) = (kind, payload, entryKind);

    /// <inheritdoc/>
    public override bool IsAbandoned => _answered.Task.IsCompleted;

    /// <inheritdoc/>
    public override void Complete(in Answer answer) => _answered.TrySetResult(answer);

    /// <summary>The answer, or <see cref="Outcome.Unknown"/> once <paramref name="cancellationToken"/> ends the wait.</summary>
    public async ValueTask<Answer> WaitAsync(CancellationToken cancellationToken)
    {
        if (!cancellationToken.CanBeCanceled)
            return await _answered.Task;
        await using var registration = cancellationToken.UnsafeRegister(GiveUp, this);
        return await _answered.Task;
    }

    private static void GiveUp(object? request) =>
        ((AsyncRequest)request!)._answered.TrySetResult(new(Outcome.Unknown, Refusal.TimedOut, default, default));
}
