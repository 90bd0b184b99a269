# How cox_random.csv and the numbers of cox_random.json were made (R 4.2.2, survival 3.5-3); the JSON keeps five of the models.
suppressMessages({library(survival);library(jsonlite)})
set.seed(7); n<-60
d<-data.frame(id=rep(1:30,each=2), g=rep(c("a","b","c"),20), x1=round(rnorm(n),2), x2=rbinom(n,1,.5), w=sample(c(.5,1,1.5,2),n,TRUE), off=round(rnorm(n)/4,2))
d$start<-rep(c(0,4),30); d$stop<-d$start+sample(1:8,n,TRUE)/2; d$stop[d$start==0]<-pmin(d$stop[d$start==0],4); d$event<-rbinom(n,1,.6)
write.csv(d,"cox_random.csv",row.names=FALSE)
num<-function(x) unname(as.matrix(x))
out<-list()
go<-function(name,f,newd,...) {
 s<-summary(f); r<-list(coef=unname(coef(f)),var=num(f$var),loglik=f$loglik, concordance=unname(s$concordance), waldtest=f$wald.test, score=f$score, rscore=f$rscore)
 for(k in c("martingale","deviance")) r[[k]]<-unname(residuals(f,k))
 r$score_res<-num(residuals(f,"score")); r$dfbeta<-num(residuals(f,"dfbeta")); r$schoenfeld<-num(residuals(f,"schoenfeld")); r$scaled<-num(residuals(f,"scaledsch"))
 for(t in c("km","rank","identity","log")) { r[[paste0("zph_",t)]]<-unname(cox.zph(f,t,terms=FALSE)$table[,1]); }
 r$zph_terms<-unname(cox.zph(f,"km")$table[,1])
 for(ct in c("log","log-log","plain")) { sf<-survfit(f,newdata=newd,conf.type=ct); ss<-summary(sf,times=c(0.2,1,2.5,4,6),extend=TRUE); r[[paste0("pred_",ct)]]<-list(surv=num(ss$surv),se=num(ss$std.err),low=num(ss$lower),high=num(ss$upper), strata=as.character(ss$strata), time=ss$time) }
 b<-basehaz(f,centered=FALSE); r$base<-list(time=b$time,h=b$hazard,strata=as.character(b$strata)); b<-basehaz(f,centered=TRUE); r$basec<-list(time=b$time,h=b$hazard)
 out[[name]]<<-r }
nd<-data.frame(x1=c(0,1.2,-1),x2=c(0,1,1),g=c("a","b","c"))
for(m in c("efron","breslow")) {
 go(paste0(m,"_plain"),coxph(Surv(start,stop,event)~x1+x2,d,ties=m),nd)
 go(paste0(m,"_weighted"),coxph(Surv(start,stop,event)~x1+x2,d,ties=m,weights=w,robust=TRUE,cluster=1:60),nd)
 go(paste0(m,"_cluster"),coxph(Surv(start,stop,event)~x1+x2,d,ties=m,cluster=id),nd)
 go(paste0(m,"_wcluster"),coxph(Surv(start,stop,event)~x1+x2,d,ties=m,cluster=id,weights=w),nd)
 go(paste0(m,"_factor"),coxph(Surv(start,stop,event)~x1+g,d,ties=m),nd)
 ndo<-nd; ndo$off<-c(0,.5,-.3)
 go(paste0(m,"_offset"),coxph(Surv(start,stop,event)~x1+x2+offset(off),d,ties=m),ndo)
 f<-coxph(Surv(start,stop,event)~x1+x2+strata(g),d,ties=m,weights=w,cluster=id); go(paste0(m,"_strata"),f,nd)
}
f<-coxph(Surv(stop,event)~x1+x2,d,weights=w); out$uno<-concordance(f,timewt="n/G2")$concordance
f<-coxph(Surv(stop,event)~x1+x2,d); out$uno1<-c(concordance(f,timewt="n/G2")$concordance,sqrt(concordance(f,timewt="n/G2")$var))
f<-coxph(Surv(stop,event)~x1+x2+strata(g),d); out$unos<-c(concordance(f,timewt="n/G2")$concordance,sqrt(concordance(f,timewt="n/G2")$var))
write(toJSON(out,digits=NA,auto_unbox=TRUE),"cox_random_full.json")
