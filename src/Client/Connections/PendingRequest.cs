using System.Threading.Tasks.Sources;
using RaftStream.Client.Protocol;

namespace RaftStream.Client.Connections;

/// <summary>
/// A request that waits for its answer. Owned by its <see cref="PendingTable"/>, which makes it once and uses it again for the next request: whoever awaits it
/// gives it back by taking the answer.
/// </summary>
/// <remarks>
/// [safety] It is completed by whoever takes it out of the table under its id, and by nobody else: the answer, the end of its time, the caller's cancellation and the
/// end of the connection come from different threads, and one that comes late finds the id gone. The waiting caller goes on from the thread pool, never on
/// the connection's reader.
/// </remarks>
internal sealed class PendingRequest(PendingTable table, int slot) : IValueTaskSource<AnswerMessage>, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<AnswerMessage> _source;
    private AnswerMessage _answer;
    private CancellationTokenRegistration _cancellation;

    /// <summary>Its place in the table.</summary>
    public int Slot => slot;

    /// <summary>The id under which it waits; 0 while it does not.</summary>
    public long Id { get; set; }

    /// <summary>What was asked, which decides what no answer means.</summary>
    public RequestKind Kind { get; set; }

    /// <summary>The timestamp at which it has waited long enough.</summary>
    public long Deadline { get; set; }

    /// <summary>The task of the caller: call once for each request.</summary>
    public ValueTask<AnswerMessage> WaitAsync(long id, CancellationToken cancellationToken)
    {
        var version = _source.Version;
        if (cancellationToken.CanBeCanceled)
            _cancellation = cancellationToken.UnsafeRegister(static (state, _) => ((PendingRequest)state!).Cancel(), this);
        return new(this, version);
    }

    /// <summary>Hands over the answer; only for who took it out of the table.</summary>
    public void Complete(in AnswerMessage answer)
    {
        _answer = answer;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <inheritdoc/>
    public void Execute() => _source.SetResult(_answer);

    /// <inheritdoc/>
    public AnswerMessage GetResult(short token)
    {
        var answer = _source.GetResult(token);

        // Waits for a cancellation that runs this moment: behind it nobody knows this object any more.
        _cancellation.Dispose();
        _cancellation = default;
        _answer = default;
        _source.Reset();
        table.GiveBack(this);
        return answer;
    }

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void Cancel() => table.Fail(Id, ClientRefusal.Cancelled);
}
