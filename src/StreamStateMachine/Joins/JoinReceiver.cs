using System.Buffers;

namespace RaftStream.StreamStateMachine;

/// <summary>The two sides of a join at one replica. A side keeps its records by key and time, each with a mark that says whether it had a partner.</summary>
internal sealed class JoinReceiver<TKey, TLeft, TRight, TOut> : ITimerTarget
{
    private const byte LeftPart = 1;
    private const byte RightPart = 2;

    private readonly Side<TLeft, TRight> _left;
    private readonly Side<TRight, TLeft> _right;

    public JoinReceiver(JoinNode<TKey, TLeft, TRight, TOut> node, JobContext context, IReceiver<Keyed<TKey, TOut>> next)
    {
        var spec = node.Spec;
        void Give(TKey key, Seen<TLeft> left, Seen<TRight> right, long time) => next.Receive(new(new(key, spec.Join(key, left, right)), time));
        _left = new(
            new(context, node, LeftPart, RightPart, spec.Key, spec.Before, spec.After, spec.Lateness, spec.Kind != JoinKind.Inner), spec.Left, spec.Right, (key, mine, other, time) => Give(key, mine, other, time));
        _right = new(
            new(context, node, RightPart, LeftPart, spec.Key, spec.After, spec.Before, spec.Lateness, spec.Kind == JoinKind.Outer), spec.Right, spec.Left, (key, mine, other, time) => Give(key, other, mine, time));
    }

    public IReceiver<Keyed<TKey, TLeft>> Left => _left;

    public IReceiver<Keyed<TKey, TRight>> Right => _right;

    public void OnTimer(long time, ReadOnlySpan<byte> payload)
    {
        if (payload[0] == LeftPart)
            _left.OnTimer(payload);
        else
            _right.OnTimer(payload);
    }

    /// <summary>What a side is, whatever its types.</summary>
    /// <param name="Context">The job.</param>
    /// <param name="Node">The join.</param>
    /// <param name="Part">Where it keeps its records.</param>
    /// <param name="OtherPart">Where the other one does.</param>
    /// <param name="Key">How keys are written.</param>
    /// <param name="Before">By how much a partner may be earlier.</param>
    /// <param name="After">By how much a partner may be later.</param>
    /// <param name="Lateness">How long partners that are late are waited for.</param>
    /// <param name="GivesUnmatched">Whether a record that had no partner is given out.</param>
    private sealed record Facts(JobContext Context, TopologyNode Node, byte Part, byte OtherPart, IKeyCodec<TKey> Key, long Before, long After, long Lateness, bool GivesUnmatched);

    private sealed class Side<TMine, TOther>(Facts facts, ICodec<TMine> mine, ICodec<TOther> other, Action<TKey, Seen<TMine>, Seen<TOther>, long> give) : IReceiver<Keyed<TKey, TMine>>
    {
        private readonly KeyedState<TKey> _state = new(facts.Context, facts.Node, facts.Key);
        private readonly KeyBuffer _timer = new();
        private readonly ArrayBufferWriter<byte> _value = new(256);
        private readonly List<(byte[] Key, byte[] Value)> _partners = [];

        public void Receive(in Record<Keyed<TKey, TMine>> record)
        {
            var (key, value) = record.Value;
            var time = record.Time;
            var end = WindowSpec.After(time, facts.After + facts.Lateness);
            if (end < facts.Context.WatermarkOf(facts.Node))
            {
                facts.Context.Sums.CountLate(facts.Node);
                return;
            }

            FindPartners(key, time);
            Keep(key, time, value, end);
            foreach (var (place, stored) in _partners)
            {
                if (stored[0] == 0)
                {
                    stored[0] = 1;
                    facts.Context.State.Put(place, stored);
                }

                give(key, new(true, value), new(true, other.Read(stored.AsSpan(1))), Math.Max(time, StateKeys.Int64At(place, place.Length - (2 * sizeof(long)))));
            }
        }

        /// <summary>No partner can come any more for a record.</summary>
        public void OnTimer(ReadOnlySpan<byte> payload)
        {
            _state.Key.Cut(0);
            StateKeys.WriteOperator(_state.Key, facts.Node.Id, facts.Part);
            _state.Key.WriteRaw(payload[1..]);
            if (!_state.TryGet(out var stored))
                return;
            var isMatched = stored[0] != 0;
            var value = isMatched ? default! : mine.Read(stored[1..]);
            _state.Remove();
            if (isMatched || !facts.GivesUnmatched)
                return;
            payload = payload[1..];
            var key = facts.Key.Read(ref payload);
            give(key, new(true, value), default, KeyBuffer.ReadInt64(ref payload));
        }

        /// <summary>The other side's records within reach, in the order of their times and of their coming.</summary>
        private void FindPartners(TKey key, long time)
        {
            _partners.Clear();
            _state.Begin(facts.OtherPart, key);
            var prefix = _state.Key.Span.ToArray();
            _state.Key.Write(time < long.MinValue + facts.Before ? long.MinValue : time - facts.Before);
            var from = _state.Key.Span.ToArray();
            while (facts.Context.State.TryCeiling(from, out var found, out var stored)
                && found.StartsWith(prefix) && StateKeys.Int64At(found, prefix.Length) <= WindowSpec.After(time, facts.After))
            {
                _partners.Add((found.ToArray(), stored.ToArray()));
                from = [.. found, 0];
            }
        }

        private void Keep(TKey key, long time, TMine value, long end)
        {
            _state.Begin(facts.Part, key);
            _state.Key.Write(time);
            var prefix = _state.Key.Length;
            _state.Key.Write(long.MaxValue);
            var number = facts.Context.State.TryFloor(_state.Key.Span, out var last, out _) && last.StartsWith(_state.Key.Span[..prefix]) ? StateKeys.Int64At(last, prefix) + 1 : 0;
            _state.Key.Cut(prefix);
            _state.Key.Write(number);
            _value.ResetWrittenCount();
            _value.GetSpan(1)[0] = _partners.Count > 0 ? (byte)1 : (byte)0;
            _value.Advance(1);
            mine.Write(_value, value);
            facts.Context.State.Put(_state.Key.Span, _value.WrittenSpan);
            _timer.Cut(0);
            _timer.Write(facts.Part);
            _timer.WriteRaw(_state.Key.Span[StateKeys.OperatorHead..]);
            facts.Context.Timers.Set(facts.Node, end == long.MaxValue ? end : end + 1, _timer.Span);
        }
    }
}
