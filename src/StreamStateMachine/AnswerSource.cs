namespace RaftStream.StreamStateMachine;

/// <summary>Who gave an answer, and at which level: always the one that was asked for, since none is weakened in silence.</summary>
/// <param name="Node">The node that served it; none where that is not known.</param>
/// <param name="Leader">Who led, as far as that node knew; none where it knew nobody.</param>
/// <param name="Read">The level of a read; null for a write.</param>
/// <param name="Write">The concern of a write; null for a read.</param>
public readonly record struct AnswerSource(NodeId Node, NodeId Leader, ReadConsistency? Read, WriteConcern? Write);
