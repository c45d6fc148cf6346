namespace RaftStream.Raft.Runtime;

/// <summary>
/// The callers who ask what became of a provisional write. Each comes here behind a linearizable barrier, and is answered as soon as the applied log decides. Owned
/// by the apply agent.
/// </summary>
internal sealed class Confirmations(TermStarts terms)
{
    /// <summary>So many may wait at a time.</summary>
    public const int Max = 4096;

    private readonly PriorityQueue<ClientRequest, long> _waiting = new();
    private int _terms;

    /// <summary>Takes a request; the log is applied up to <paramref name="applied"/>.</summary>
    public void Take(ClientRequest request, LogIndex applied)
    {
        if (TryAnswer(request, applied))
            return;
        if (_waiting.Count == Max)
            DropAbandoned();
        if (_waiting.Count == Max)
            request.Refuse(Refusal.Overloaded);
        else
            _waiting.Enqueue(request, request.Confirm.Index.Value);
    }

    /// <summary>The log is applied up to <paramref name="applied"/>: answers whoever that decides.</summary>
    public void Applied(LogIndex applied)
    {
        // A term that has begun may decide any of them, an entry only those up to it.
        if (_terms != terms.Begun)
        {
            _terms = terms.Begun;
            AnswerAny(applied);
        }

        while (_waiting.TryPeek(out var request, out var index) && index <= applied.Value)
        {
            _waiting.Dequeue();
            var isDecided = TryAnswer(request, applied);
            Invariant.Check(isDecided, "an applied index is decided");
        }
    }

    /// <summary>The replica stops.</summary>
    public void Stop()
    {
        while (_waiting.TryDequeue(out var request, out _))
            request.Refuse(Refusal.Stopped);
    }

    private void AnswerAny(LogIndex applied)
    {
        var open = _waiting.UnorderedItems.Where(item => !TryAnswer(item.Element, applied)).ToList();
        _waiting.Clear();
        _waiting.EnqueueRange(open);
    }

    private bool TryAnswer(ClientRequest request, LogIndex applied)
    {
        if (terms.Judge(request.Confirm, applied) is not var (outcome, refusal))
            return false;
        request.Complete(new(outcome, refusal, request.Confirm, default));
        return true;
    }

    private void DropAbandoned()
    {
        var kept = _waiting.UnorderedItems.Where(static item => !item.Element.IsAbandoned).ToList();
        _waiting.Clear();
        _waiting.EnqueueRange(kept);
    }
}
