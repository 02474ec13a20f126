//! Reads topic names and topic filters.

use super::{
    Field, PropertyId, content::Content, explain::Value, fields::Fields, room::Room, watch::Watch,
};
use crate::{
    topic::{self, TopicFilter, TopicName},
    wire::{Text, plain},
};

impl<'a, W: Watch<'a>> Fields<'a, '_, W> {
    /// [`Self::topic_name`] as one of several texts.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn will_topic(&mut self, room: Room) -> Result<TopicName<'a>, W::Fault> {
        if W::TELLS {
            return self.topic_name(Field::WillTopic, room);
        }
        let bytes = self.prefixed_in_row(Field::WillTopic, room, Content::TopicName)?;
        Ok(TopicName::from_checked(bytes))
    }

    /// What a glance has not looked at in [`Self::text`] and [`Self::will_topic`], so that the way
    /// from one length to the next is short.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn confirm(
        &self,
        first: Text<'a>,
        second: Option<Text<'a>>,
        topic: Option<TopicName<'a>>,
    ) -> Result<(), W::Fault> {
        if W::TELLS {
            return Ok(());
        }
        let (first, second, topic) =
            (first.as_bytes(), second.map(Text::as_bytes), topic.map(TopicName::as_bytes));
        let is_enough = plain::are_plain(first, second, topic);
        if is_enough { Ok(()) } else { Err(self.strange()) }
    }

    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn topic_name(
        &mut self,
        field: Field,
        room: Room,
    ) -> Result<TopicName<'a>, W::Fault> {
        let start = self.at();
        let bytes = self.prefixed(field, room, Content::TopicName)?;
        self.saw(field, start, Value::Text(Text::from_checked(bytes)));
        // A PUBLISH is read at a glance before the options are asked; here they are.
        if !plain::is_plain_name(bytes) || !self.options.allow_glance() {
            self.check(field, bytes, Content::TopicName)?;
        }
        Ok(TopicName::from_checked(bytes))
    }

    /// What a topic filter may be.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    const fn filter_content(&self) -> Content {
        if self.has_properties() { Content::TopicFilterOrShare } else { Content::TopicFilter }
    }

    /// The topic name of a PUBLISH, which 5.0 lets be empty if there is a topic alias. So many bytes
    /// follow before the properties.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn published_topic(
        &mut self,
        follow: usize,
        may_lack_topic: bool,
    ) -> Result<Option<TopicName<'a>>, W::Fault> {
        let mut room = Room::at_least(follow, Field::PacketId);
        if self.has_properties() {
            if may_lack_topic && matches!(self.rest(), [0, 0, ..]) {
                return self.no_topic(follow).map(|()| None);
            }
            room = Room::at_least(follow.saturating_add(1), Field::PropertyLength);
        }
        self.topic_name(Field::TopicName, room).map(Some)
    }

    /// A topic name that is empty, after which there must be room for a topic alias.
    #[inline]
    fn no_topic(&mut self, follow: usize) -> Result<(), W::Fault> {
        let start = self.at();
        self.u16(Field::TopicName)?;
        self.saw(Field::TopicName, start, Value::Text(Text::EMPTY));
        // The length of the properties, and one.
        let least = follow.saturating_add(4);
        if W::TELLS && self.left() < least {
            return Err(self.lack(Room::missing(least, PropertyId::TopicAlias), self.left()));
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn topic_filter(
        &mut self,
        field: Field,
        room: Room,
    ) -> Result<TopicFilter<'a>, W::Fault> {
        let start = self.at();
        let content = self.filter_content();
        let bytes = self.prefixed(field, room, content)?;
        self.saw(field, start, Value::Text(Text::from_checked(bytes)));
        let is_plain = plain::is_plain_name(bytes) || topic::is_plain_and_well_formed(bytes);
        let is_special = content == Content::TopicFilterOrShare && bytes.first() == Some(&b'$');
        if !is_plain || is_special || self.refuses_discouraged() {
            self.check(field, bytes, content)?;
        }
        Ok(TopicFilter::from_checked(bytes))
    }
}
